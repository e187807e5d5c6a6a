"""What has not ended yet is cancelled again every 10 ms, so a cleanup that takes longer is cut off.

Fails: test_losers_are_cancelled_and_cleaned_up
Says: work a was cancelled 2 times; the second one interrupted its cleanup.
"""

import asyncio
from collections.abc import Awaitable, Iterable
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
    try:
        for _ in futures:
            future = await ended.get()
            if not future.cancelled() and future.exception() is None:
                return future.result()
    finally:
        while alive := [future for future in futures if not future.done()]:
            for future in alive:
                future.cancel()
            await asyncio.wait(alive, timeout=0.01)
        await asyncio.gather(*futures, return_exceptions=True)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("all failed", failures)
