"""No asyncio.Future anywhere: a waiter is a small object of its own that speaks the protocol tasks understand."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Waiter:
    """What a Task needs when something is yielded to it: one wake-up, cancellable on its own."""

    _asyncio_future_blocking = False

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wakeups: list[tuple[Callable[[Any], Any], contextvars.Context | None]] = []
        self._state = "pending"
        self._message: Any = None

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def add_done_callback(self, fn: Callable[[Any], Any], *, context: contextvars.Context | None = None) -> None:
        if self._state == "pending":
            self._wakeups.append((fn, context))
        else:
            self._loop.call_soon(fn, self, context=context)

    def remove_done_callback(self, fn: Callable[[Any], Any]) -> int:
        before = len(self._wakeups)
        self._wakeups = [pair for pair in self._wakeups if pair[0] != fn]
        return before - len(self._wakeups)

    def _leave(self, state: str) -> bool:
        if self._state != "pending":
            return False
        self._state = state
        for fn, context in self._wakeups:
            self._loop.call_soon(fn, self, context=context)
        self._wakeups.clear()
        return True

    def cancel(self, msg: Any = None) -> bool:
        self._message = msg
        return self._leave("cancelled")

    def wake(self) -> None:
        self._leave("awake")

    def done(self) -> bool:
        return self._state != "pending"

    def cancelled(self) -> bool:
        return self._state == "cancelled"

    def result(self) -> None:
        if self._state == "cancelled":
            raise asyncio.CancelledError(*([] if self._message is None else [self._message]))

    def exception(self) -> None:
        self.result()

    def __await__(self) -> Generator[Any, None, None]:
        if self._state == "pending":
            self._asyncio_future_blocking = True
            yield self
        self.result()


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._outcome: tuple[bool, Any] | None = None
        self._waiters: list[_Waiter] = []
        self._callbacks: list[Callable[["Promise[T]"], Any]] = []

    def done(self) -> bool:
        return self._outcome is not None

    def result(self) -> T:
        match self._outcome:
            case None:
                raise asyncio.InvalidStateError("pending")
            case (True, value):
                return value
            case (_, error):
                raise error

    def set_result(self, value: T) -> None:
        self._resolve((True, value))

    def set_exception(self, error: BaseException) -> None:
        self._resolve((False, error))

    def _resolve(self, outcome: tuple[bool, Any]) -> None:
        if self.done():
            raise asyncio.InvalidStateError("finished")
        self._outcome = outcome
        for waiter in self._waiters:
            waiter.wake()
        for fn in self._callbacks:
            asyncio.get_running_loop().call_soon(fn, self)
        self._waiters, self._callbacks = [], []

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        if self.done():
            asyncio.get_running_loop().call_soon(fn, self)
        else:
            self._callbacks.append(fn)

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done():
            waiter = _Waiter()
            self._waiters.append(waiter)
            yield from waiter.__await__()
        return self.result()


class Background:
    """drain() awaits a promise of emptiness; a new one is made for each busy spell."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task] = set()
        self._empty: Promise[None] | None = None

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(coro)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task) -> None:
        self._tasks.discard(task)
        if not self._tasks and self._empty is not None:
            self._empty.set_result(None)
            self._empty = None

    def __len__(self) -> int:
        return len(self._tasks)

    async def drain(self) -> None:
        while self._tasks:
            if self._empty is None:
                self._empty = Promise()
            await self._empty
