"""cancelling() is to tell whose cancellation it is, but it also counts one that came before the call.

Fails: test_a_cancelled_child_is_an_outcome
Says: A caller that was cancelled called outcomes in its cleanup. After that somebody else cancelled 'b', and
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


async def _end(futures: "list[asyncio.Future[Any]]") -> None:
    """Cancel those that still run, and wait for all."""
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)


def _outcome(future: "asyncio.Future[T]") -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
    try:
        return "ok", future.result()
    except BaseException as exc:
        return "err", exc


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    try:
        if futures:
            await asyncio.wait(futures)
    finally:
        await _end(futures)
    caller = asyncio.current_task()
    if caller is not None and caller.cancelling() and any(future.cancelled() for future in futures):
        raise asyncio.CancelledError
    return [_outcome(future) for future in futures]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("no awaitable was given")
    try:
        pending = set(futures)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                if not future.cancelled() and future.exception() is None:
                    return future.result()
    finally:
        await _end(futures)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("every awaitable failed", failures)
