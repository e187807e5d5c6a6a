"""The wrapper turns `Exception` into an outcome; the CancelledError of a child goes through and ends the call.

Fails: test_a_cancelled_child_is_an_outcome
Says: 'b' was cancelled by somebody else at t=1, and CancelledError left
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]

    async def settle(
        future: asyncio.Future[T],
    ) -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
        await asyncio.wait([future])
        try:
            return "ok", future.result()
        except Exception as exc:
            return "err", exc

    settlers = [asyncio.create_task(settle(future)) for future in futures]
    try:
        if settlers:
            await asyncio.wait(settlers)
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*settlers, return_exceptions=True)
    return [settler.result() for settler in settlers]


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
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("all failed", failures)
