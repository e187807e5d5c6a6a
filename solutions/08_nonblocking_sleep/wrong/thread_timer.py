"""A threading.Timer wakes the task: a thread for each sleeper, and not the clock of the loop.

Fails: test_sleeps_for_the_delay
Says: Waiting for 0.25 s took a thread: Thread-1.
"""

import asyncio
import threading
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
    timer = threading.Timer(delay, loop.call_soon_threadsafe, (_wake, future))
    timer.daemon = True
    timer.start()
    try:
        await future
    finally:
        timer.cancel()
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
