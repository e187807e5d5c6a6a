"""Each call is started as a task when it is due, though the one before may still be running.

Fails: test_every_catches_up
Says: The first call takes 10 s and the interval is 4 s: 2 calls ran at the
"""

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timezone
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def _turn() -> Generator[None, None, None]:
    yield


async def sleep(delay: float, result: T = None) -> T:
    if delay <= 0:
        await _turn()
        return result
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    handle = loop.call_later(delay, _wake, future)
    try:
        await future
    finally:
        handle.cancel()
    return result


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    calls: list[asyncio.Task[None]] = []
    try:
        for k in range(times):
            wait = start + k * interval - loop.time()
            if wait > 0:
                await sleep(wait)
            calls.append(asyncio.create_task(_call(fn)))
        await asyncio.gather(*calls)
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


async def _call(fn: Callable[[], Awaitable[Any]]) -> None:
    await fn()


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("an aware datetime is needed")
    remaining = (when - datetime.now(timezone.utc)).total_seconds()
    await sleep(remaining)
    while (remaining := (when - datetime.now(timezone.utc)).total_seconds()) > 0:
        await sleep(remaining)
