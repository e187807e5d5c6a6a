"""gather(return_exceptions=True) to wait, the futures themselves to read; first_success is a plain wait loop."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


def _failure_of(future: "asyncio.Future[T]") -> BaseException | None:
    if future.cancelled():
        return asyncio.CancelledError()
    return future.exception()


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await asyncio.gather(*futures, return_exceptions=True)
    # Not the list that gather returns: a *returned* exception is a success.
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        failure = _failure_of(future)
        found.append(("ok", future.result()) if failure is None else ("err", failure))
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("first_success of nothing")
    pending = set(futures)
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                if _failure_of(future) is None:
                    return future.result()
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
    failures = [_failure_of(future) for future in futures]
    raise BaseExceptionGroup("all failed", [exc for exc in failures if exc is not None])
