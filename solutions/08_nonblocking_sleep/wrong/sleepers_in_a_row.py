"""A module-level lock makes sleepers wait for each other, so their times add up.

Fails: test_sleepers_overlap
Says: Three sleepers of 4, 1 and 2 s, started together, ended after [4.0,
"""

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timezone
from typing import Any, TypeVar

T = TypeVar("T")


_one_at_a_time = asyncio.Lock()


@types.coroutine
def _turn() -> Generator[None, None, None]:
    yield


async def sleep(delay: float, result: T = None) -> T:
    if delay <= 0:
        await _turn()
        return result
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    async with _one_at_a_time:
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
    for k in range(times):
        wait = start + k * interval - loop.time()
        if wait > 0:
            await sleep(wait)
        await fn()


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("an aware datetime is needed")
    remaining = (when - datetime.now(timezone.utc)).total_seconds()
    await sleep(remaining)
    while (remaining := (when - datetime.now(timezone.utc)).total_seconds()) > 0:
        await sleep(remaining)
