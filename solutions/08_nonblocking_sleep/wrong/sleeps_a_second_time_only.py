"""After waking it looks again, but with if: a clock that is set back twice is not noticed.

Fails: test_wall_clock_set_back
Says: it shows the moment at t=24.0156, not at t=24
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
    if (remaining := (when - datetime.now(timezone.utc)).total_seconds()) > 0:
        await sleep(remaining)
