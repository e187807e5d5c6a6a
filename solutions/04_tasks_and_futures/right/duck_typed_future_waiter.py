"""Promise yields a hand-written waiter that speaks the Task protocol itself; no asyncio.Future in it at all."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """Counts by a dict of tasks; drain() hangs one done-callback on each of them."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._number = 0
        self._idle: list[_Waiter] = []

    def start(self, coro: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(coro)
        self._number += 1
        number = self._number
        self._tasks[number] = task

        def forget(_: "asyncio.Task[T]") -> None:
            del self._tasks[number]
            if not self._tasks:
                for waiter in self._idle:
                    waiter.wake()
                self._idle.clear()

        task.add_done_callback(forget)
        return task

    def __len__(self) -> int:
        return sum(not task.done() for task in self._tasks.values())

    async def drain(self) -> None:
        while len(self):
            waiter = _Waiter()
            self._idle.append(waiter)
            await waiter


class _Waiter:
    """What a task needs of something it waits for: get_loop, add_done_callback, cancel, result, and a flag."""

    _asyncio_future_blocking = False

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._callbacks: list[tuple[Callable[[Any], object], Context | None]] = []
        self._state = "waiting"
        self._cancel_message: Any = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def done(self) -> bool:
        return self._state != "waiting"

    def add_done_callback(self, fn: Callable[[Any], object], *, context: Context | None = None) -> None:
        if self.done():
            self._loop.call_soon(fn, self, context=context)
        else:
            self._callbacks.append((fn, context))

    def remove_done_callback(self, fn: Callable[[Any], object]) -> int:
        before = len(self._callbacks)
        self._callbacks = [pair for pair in self._callbacks if pair[0] != fn]
        return before - len(self._callbacks)

    def _end(self, state: str) -> bool:
        if self.done():
            return False
        self._state = state
        callbacks, self._callbacks = self._callbacks, []
        for fn, context in callbacks:
            self._loop.call_soon(fn, self, context=context)
        return True

    def wake(self) -> bool:
        return self._end("woken")

    def cancel(self, msg: Any = None) -> bool:
        self._cancel_message = msg
        return self._end("cancelled")

    def cancelled(self) -> bool:
        return self._state == "cancelled"

    def result(self) -> None:
        if self.cancelled():
            raise asyncio.CancelledError(*([] if self._cancel_message is None else [self._cancel_message]))
        if not self.done():
            raise asyncio.InvalidStateError("not woken yet")

    def __await__(self) -> Generator[Any, None, None]:
        if not self.done():
            self._asyncio_future_blocking = True
            yield self
        self.result()


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._outcome: Callable[[], T] | None = None
        self._waiters: list[_Waiter] = []
        self._callbacks: list[Callable[[Promise[T]], object]] = []

    def __await__(self) -> Generator[Any, Any, T]:
        if self._outcome is None:
            waiter = _Waiter()
            self._waiters.append(waiter)
            try:
                yield from waiter.__await__()
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return self.result()

    def done(self) -> bool:
        return self._outcome is not None

    def result(self) -> T:
        if self._outcome is None:
            raise asyncio.InvalidStateError("the promise is still open")
        return self._outcome()

    def _settle(self, outcome: Callable[[], T]) -> None:
        if self._outcome is not None:
            raise asyncio.InvalidStateError("the promise has been settled before")
        self._outcome = outcome
        for waiter in self._waiters:
            waiter.wake()
        for fn in self._callbacks:
            asyncio.get_running_loop().call_soon(fn, self)
        self._waiters, self._callbacks = [], []

    def set_result(self, value: T) -> None:
        self._settle(lambda: value)

    def set_exception(self, exception: BaseException) -> None:
        def fail() -> T:
            raise exception

        self._settle(fail)

    def add_done_callback(self, fn: Callable[["Promise[T]"], object]) -> None:
        if self._outcome is None:
            self._callbacks.append(fn)
        else:
            asyncio.get_running_loop().call_soon(fn, self)
