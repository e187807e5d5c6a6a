"""A timeout_at around a future that never ends; `every` iterates over a class with `__anext__`."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any, Self, TypeVar

T = TypeVar("T")


async def _pass_time_until(moment: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout_at(moment):
            await asyncio.get_running_loop().create_future()


async def sleep(delay: float, result: T = None) -> T:  # type: ignore[assignment]
    """Time out on purpose."""
    await _pass_time_until(asyncio.get_running_loop().time() + max(delay, 0))
    return result


class _Grid:
    """Asynchronous iterator over the moments start + k * interval."""

    def __init__(self, interval: float, times: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._interval = interval
        self._times = times
        self._k = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> float:
        if self._k >= self._times:
            raise StopAsyncIteration
        due = self._start + self._k * self._interval
        self._k += 1
        if due > self._loop.time():
            await _pass_time_until(due)
        return due


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    """One call for each point of the grid."""
    async for _ in _Grid(interval, times):
        await fn()


async def sleep_until(when: datetime) -> None:
    """All arithmetic is done in UTC, as the difference of two datetimes in one zone ignores changes of its offset."""
    if when.utcoffset() is None:
        raise ValueError("naive datetime")
    target = when.astimezone(timezone.utc)
    nothing = timedelta(0)
    rest = target - datetime.now(timezone.utc)
    if rest <= nothing:
        await sleep(0)
        return
    while rest > nothing:
        await sleep(rest / timedelta(seconds=1))
        rest = target - datetime.now(timezone.utc)
