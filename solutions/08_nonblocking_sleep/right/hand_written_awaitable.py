"""sleep awaits an object with __await__; every is an async generator of due times; sleep_until counts in timestamps."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import aclosing
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")


class _Alarm:
    def __init__(self, delay: float) -> None:
        self.delay = delay

    def __await__(self) -> Generator[Any, None, None]:
        if not self.delay > 0:
            yield None
            return
        loop = asyncio.get_running_loop()
        bell = loop.create_future()
        handle = loop.call_at(loop.time() + self.delay, lambda: bell.done() or bell.set_result(None))
        try:
            yield from bell
        finally:
            handle.cancel()


async def sleep(delay: float, result: T = None) -> T:
    await _Alarm(delay)
    return result


async def _ticks(interval: float, times: int) -> AsyncIterator[int]:
    clock = asyncio.get_running_loop().time
    start = clock()
    for k in range(times):
        await _Alarm(start + k * interval - clock())
        yield k


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    async with aclosing(_ticks(interval, times)) as ticks:
        async for _ in ticks:
            await fn()


async def sleep_until(when: datetime) -> None:
    if when.tzinfo is None or when.tzinfo.utcoffset(when) is None:
        raise ValueError(f"{when!r} is naive")
    target = when.timestamp()
    while True:
        await _Alarm(target - time.time())
        if time.time() >= target:
            return
