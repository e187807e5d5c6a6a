"""every is a small state machine of callbacks: a timer starts a task, its end plans the next one."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timezone
from typing import Any, TypeVar

T = TypeVar("T")


class _Nap:
    __slots__ = ("_delay",)

    def __init__(self, delay: float) -> None:
        self._delay = delay

    def __iter__(self) -> Generator[Any, None, None]:
        if self._delay <= 0:
            yield
        else:
            loop = asyncio.get_running_loop()
            done = asyncio.Future(loop=loop)
            timer = loop.call_later(self._delay, self._ring, done)
            try:
                yield from done
            except BaseException:
                timer.cancel()
                raise

    __await__ = __iter__

    @staticmethod
    def _ring(done: "asyncio.Future[None]") -> None:
        if not done.cancelled():
            done.set_result(None)


async def sleep(delay: float, result: T = None) -> T:
    await _Nap(delay)
    return result


class _Series:
    def __init__(self, interval: float, fn: Callable[[], Awaitable[Any]], times: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._interval, self._fn, self._times = interval, fn, times
        self._k = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._plan()

    def _plan(self) -> None:
        if self._k >= self._times:
            self.over.set_result(None)
            return
        due = self._start + self._k * self._interval
        self._k += 1
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._begin)
        else:
            self._begin()

    async def _call(self) -> None:
        await self._fn()

    def _begin(self) -> None:
        if sys.version_info >= (3, 12):
            self._task = asyncio.Task(self._call(), loop=self._loop, eager_start=True)
        else:
            self._task = self._loop.create_task(self._call())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if self.over.done():
            if not task.cancelled():
                task.exception()
        elif task.cancelled():
            self.over.cancel()
        elif (failure := task.exception()) is not None:
            self.over.set_exception(failure)
        else:
            self._plan()

    async def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    series = _Series(interval, fn, times)
    try:
        await series.over
    finally:
        await series.stop()


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("when is naive")
    while True:
        now = datetime.now(tz=timezone.utc)
        await _Nap((when - now).total_seconds())
        if not datetime.now(tz=timezone.utc) < when:
            return
