"""A wrapper forgets the task in its finally, but a task that is cancelled before its first step never enters the try.

Fails: test_len_counts_the_running
Says: it is done, but len() was 1
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task] = set()

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(self._run(coro))
        self._tasks.add(task)
        return task

    async def _run(self, coro: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await coro
        finally:
            self._tasks.discard(asyncio.current_task())

    def __len__(self) -> int:
        return len(self._tasks)

    async def drain(self) -> None:
        while running := [task for task in self._tasks if not task.done()]:
            await asyncio.wait(running)


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._waiters: list[asyncio.Future] = []
        self._callbacks: list[Callable[["Promise[T]"], Any]] = []

    def done(self) -> bool:
        return self._done

    def result(self) -> T:
        if not self._done:
            raise asyncio.InvalidStateError("the promise is not finished")
        if self._error is not None:
            raise self._error
        return self._value

    def set_result(self, value: T) -> None:
        self._finish(value, None)

    def set_exception(self, error: BaseException) -> None:
        self._finish(None, error)

    def _finish(self, value: Any, error: BaseException | None) -> None:
        if self._done:
            raise asyncio.InvalidStateError("the promise is finished already")
        self._done, self._value, self._error = True, value, error
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        callbacks, self._callbacks = self._callbacks, []
        for fn in callbacks:
            asyncio.get_running_loop().call_soon(fn, self)

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        if self._done:
            asyncio.get_running_loop().call_soon(fn, self)
        else:
            self._callbacks.append(fn)

    def __await__(self) -> Generator[Any, None, T]:
        if not self._done:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                yield from waiter
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return self.result()
