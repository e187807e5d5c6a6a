"""suppress(CancelledError) around a plain gather of the losers: only the first to stop is waited for.

Fails: test_losers_are_cancelled_and_cleaned_up
Says: The call returned at t=4 while work b, which had been cancelled, was still
"""

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await asyncio.gather(*futures, return_exceptions=True)
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        try:
            found.append(("ok", future.result()))
        except BaseException as exc:
            found.append(("err", exc))
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("at least one awaitable is needed")
    ended: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for future in futures:
        future.add_done_callback(ended.put_nowait)

    def forget(future: asyncio.Future[T]) -> None:
        if not future.cancelled():
            future.exception()

    for future in futures:
        future.add_done_callback(forget)
    try:
        for _ in futures:
            future = await ended.get()
            if not future.cancelled() and future.exception() is None:
                return future.result()
    finally:
        losers = [future for future in futures if not future.done()]
        for future in losers:
            future.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*losers)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("all failed", failures)
