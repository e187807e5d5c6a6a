"""Whoever waits hands its task a thing that only looks like a future; tasks start eagerly where Python can do that."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_alive: set["asyncio.Task[Any]"] = set()


class Background:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._idle: Promise[None] | None = None

    def start(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            task = asyncio.Task(self._run(coro), loop=loop, eager_start=True)
        else:
            task = loop.create_task(self._run(coro))
        if not task.done():
            self._begins(task)
            task.add_done_callback(self._ended)
            task.add_done_callback(lambda _: coro.close())  # of one that was cancelled before it began
        return task

    async def _run(self, coro: Coroutine[Any, Any, T]) -> T:
        task = asyncio.current_task()
        self._begins(task)
        try:
            return await coro
        finally:
            self._ended(task)

    def _begins(self, task: "asyncio.Task[Any]") -> None:
        self._running.add(task)
        _alive.add(task)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        _alive.discard(task)
        if not self._running and self._idle is not None:
            self._idle.set_result(None)
            self._idle = None

    def __len__(self) -> int:
        return sum(1 for task in self._running if not task.done())

    async def drain(self) -> None:
        while len(self):
            if self._idle is None:
                self._idle = Promise()
            await self._idle


class _Wait:
    """One wait of one task: as much of a future as a task needs to sleep on it."""

    _asyncio_future_blocking = False

    def __init__(self, loop: asyncio.AbstractEventLoop, forget: Callable[["_Wait"], object]) -> None:
        self._loop = loop
        self._forget = forget
        self._cancelled = False
        self._woken = False
        self._wakeups: list[tuple[Callable[[Any], object], Context | None]] = []

    def __await__(self) -> Generator["_Wait", None, None]:
        try:
            if not self.done():
                self._asyncio_future_blocking = True
                yield self
            self.result()
        finally:
            self._forget(self)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def done(self) -> bool:
        return self._woken or self._cancelled

    def cancelled(self) -> bool:
        return self._cancelled

    def result(self) -> None:
        if self._cancelled:
            raise asyncio.CancelledError
        if not self._woken:
            raise asyncio.InvalidStateError

    def exception(self) -> None:
        self.result()

    def add_done_callback(self, fn: Callable[[Any], object], *, context: Context | None = None) -> None:
        if self.done():
            self._loop.call_soon(fn, self, context=context)
        else:
            self._wakeups.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object]) -> int:
        left = [wakeup for wakeup in self._wakeups if wakeup[0] != fn]
        removed = len(self._wakeups) - len(left)
        self._wakeups = left
        return removed

    def cancel(self, msg: Any = None) -> bool:
        if self.done():
            return False
        self._cancelled = True
        self._schedule()
        return True

    def wake(self) -> None:
        if not self.done():
            self._woken = True
            self._schedule()

    def _schedule(self) -> None:
        wakeups, self._wakeups = self._wakeups, []
        for fn, context in wakeups:
            self._loop.call_soon(fn, self, context=context)


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._outcome: tuple[Any, ...] = ()  # later (True, value) or (False, exception, its traceback)
        self._waits: list[_Wait] = []
        self._callbacks: list[Callable[[Promise[T]], object]] = []

    def __await__(self) -> Generator[Any, Any, T]:
        if not self._outcome:
            wait = _Wait(self._loop, self._forget)
            self._waits.append(wait)
            yield from wait.__await__()
        return self.result()

    def _forget(self, wait: _Wait) -> None:
        if wait in self._waits:
            self._waits.remove(wait)

    def done(self) -> bool:
        return bool(self._outcome)

    def result(self) -> T:
        match self._outcome:
            case (True, value):
                return value
            case (False, exception, traceback):
                raise exception.with_traceback(traceback)
        raise asyncio.InvalidStateError("a promise without a result")

    def set_result(self, value: T) -> None:
        self._finish(True, value)

    def set_exception(self, exception: BaseException) -> None:
        self._finish(False, exception, exception.__traceback__)

    def _finish(self, *outcome: Any) -> None:
        if self._outcome:
            raise asyncio.InvalidStateError("a promise is set once")
        self._outcome = outcome
        for wait in self._waits:
            wait.wake()
        self._waits = []
        while self._callbacks:
            self._loop.call_soon(self._callbacks.pop(0), self)

    def add_done_callback(self, fn: Callable[["Promise[T]"], object]) -> None:
        if self._outcome:
            self._loop.call_soon(fn, self)
        else:
            self._callbacks.append(fn)
