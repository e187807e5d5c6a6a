"""Generators as coroutines (bare yield for zero); `every` is a callback-driven state machine, one task a call."""

import asyncio
import types
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timezone
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def _turn() -> Generator[None, None, None]:
    """A bare yield: a task that yields None is put at the end of the ready queue."""
    yield


@types.coroutine
def _nap(delay: float) -> Generator[Any, None, None]:
    loop = asyncio.get_running_loop()
    alarm: asyncio.Future[None] = loop.create_future()

    def ring() -> None:
        if not alarm.done():
            alarm.set_result(None)

    handle = loop.call_later(delay, ring)
    alarm.add_done_callback(lambda _: handle.cancel())
    try:
        yield from alarm
    except GeneratorExit:  # closed from outside, the future is not told
        handle.cancel()
        raise


async def sleep(delay: float, result: T = None) -> T:  # type: ignore[assignment]
    """A turn for nothing, a nap for something."""
    await (_nap(delay) if delay > 0 else _turn())
    return result


class _Series:
    """waiting (a timer is armed) -> calling (a task runs) -> waiting ... -> over (the future `over` is done)."""

    def __init__(self, interval: float, fn: Callable[[], Awaitable[Any]], times: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._interval, self._fn, self._times = interval, fn, times
        self._k = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self.over: asyncio.Future[None] = self._loop.create_future()

    def advance(self) -> None:
        if self._k == self._times:
            if not self.over.done():
                self.over.set_result(None)
            return
        due = self._start + self._k * self._interval
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._begin)
        else:
            self._begin()

    def _begin(self) -> None:
        self._timer = None
        self._k += 1
        self._task = self._loop.create_task(self._call())
        self._task.add_done_callback(self._ended)

    async def _call(self) -> None:
        await self._fn()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        failure = None if task.cancelled() else task.exception()
        if self.over.done():
            return
        if task.cancelled():
            self.over.cancel()
        elif failure is not None:
            self.over.set_exception(failure)
        else:
            self.advance()

    async def stop(self) -> None:
        """Leave neither a timer nor a task; a further cancellation is passed on to the call and waited for too."""
        if not self.over.done():
            self.over.cancel()
        if self._timer is not None:
            self._timer.cancel()
        while self._task is not None and not self._task.done():
            self._task.cancel()
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError:
                continue


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    """Let the series run, and stop it if this task is cancelled."""
    if times < 1:
        return
    series = _Series(interval, fn, times)
    series.advance()
    try:
        await series.over
    finally:
        await series.stop()


async def sleep_until(when: datetime) -> None:
    """Recursive: what is left after waking is another sleep."""
    if when.utcoffset() is None:
        raise ValueError("an aware datetime is needed")
    await sleep((when - datetime.now(timezone.utc)).total_seconds())
    if datetime.now(timezone.utc) < when:
        await sleep_until(when)
