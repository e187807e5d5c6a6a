"""Eager tasks where Python can (3.12+); the wake-up of a promise is handed from waiter to waiter by a semaphore."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    def __init__(self) -> None:
        self._count = 0
        self._tasks: set[asyncio.Task] = set()

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        self._count += 1  # counted before its first step, which may already look at len()
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            task = asyncio.Task(coro, loop=loop, eager_start=True)
        else:
            task = asyncio.Task(coro, loop=loop)
        if task.done():
            self._count -= 1
        else:
            self._tasks.add(task)
            task.add_done_callback(self._remove)
        return task

    def _remove(self, task: asyncio.Task) -> None:
        self._count -= 1
        self._tasks.discard(task)

    def __len__(self) -> int:
        return self._count

    async def drain(self) -> None:
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(0)
        self._outcome: list[tuple[Any, BaseException | None]] = []
        self._callbacks: list[Callable[["Promise[T]"], Any]] = []

    def done(self) -> bool:
        return bool(self._outcome)

    def result(self) -> T:
        if not self._outcome:
            raise asyncio.InvalidStateError("not there yet")
        value, error = self._outcome[0]
        if error is not None:
            raise error
        return value

    def set_result(self, value: T) -> None:
        self._end(value, None)

    def set_exception(self, error: BaseException) -> None:
        self._end(None, error)

    def _end(self, value: Any, error: BaseException | None) -> None:
        if self._outcome:
            raise asyncio.InvalidStateError("there already")
        self._outcome.append((value, error))
        self._gate.release()
        loop = asyncio.get_running_loop()
        for fn in self._callbacks:
            loop.call_soon(fn, self)
        self._callbacks.clear()

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        if self._outcome:
            asyncio.get_running_loop().call_soon(fn, self)
        else:
            self._callbacks.append(fn)

    async def _pass_through(self) -> T:
        if not self._outcome:
            async with self._gate:  # on leaving, the next waiter gets the slot
                pass
        return self.result()

    def __await__(self) -> Generator[Any, None, T]:
        return self._pass_through().__await__()
