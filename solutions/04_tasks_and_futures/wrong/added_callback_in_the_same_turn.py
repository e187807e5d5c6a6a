"""One scheduled call works off the live list of callbacks, so what a callback adds is called in that very turn.

Fails: test_late_callbacks_are_scheduled_too
Says: A callback added another one, and it was called in the same turn
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """Runs coroutines in the background, without anybody waiting for them."""

    def __init__(self) -> None:
        # The event loop holds tasks only weakly; this is what keeps them alive.
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a coroutine and return its task at once."""
        task = asyncio.create_task(coro)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def __len__(self) -> int:
        return len(self._running)

    async def drain(self) -> None:
        """Return as soon as none is left running, those included that are started in the meantime."""
        while self._running:
            # Unlike gather(), wait() raises nothing of what the tasks raise.
            await asyncio.wait(self._running)


class Promise(Generic[T]):
    """A value that is not there yet: some wait for it with `await promise`, and somebody sets it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # A flag of its own: no value could say "nothing yet", since every value may be set.
        self._done = False
        self._value: T
        self._exception: BaseException | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._callbacks: list[Callable[[Promise[T]], object]] = []

    def __await__(self) -> Generator[Any, Any, T]:
        if not self._done:
            # Cancelling a task cancels the future it waits for, so no two may wait for the same one.
            waiter = self._loop.create_future()
            self._waiters.add(waiter)
            try:
                yield from waiter
            finally:
                self._waiters.discard(waiter)
        return self.result()

    def done(self) -> bool:
        """Tell whether a value or an exception has been set."""
        return self._done

    def result(self) -> T:
        """Return the value or raise the exception."""
        if not self._done:
            raise asyncio.InvalidStateError("nothing has been set yet")
        if self._exception is not None:
            raise self._exception
        return self._value

    def set_result(self, value: T) -> None:
        """Finish the promise with a value."""
        self._finish()
        self._value = value

    def set_exception(self, exception: BaseException) -> None:
        """Finish the promise with an exception."""
        self._finish()
        self._exception = exception

    def add_done_callback(self, fn: Callable[["Promise[T]"], object]) -> None:
        """Have the event loop call `fn(promise)` when the promise is finished, or soon if it is."""
        self._callbacks.append(fn)
        if self._done:
            self._loop.call_soon(self._work_off)

    def _finish(self) -> None:
        if self._done:
            raise asyncio.InvalidStateError("something has been set already")
        self._done = True
        for waiter in self._waiters:
            # One whose task has just been cancelled is done already.
            if not waiter.done():
                waiter.set_result(None)
        self._loop.call_soon(self._work_off)

    def _work_off(self) -> None:
        while self._callbacks:
            self._callbacks.pop(0)(self)
