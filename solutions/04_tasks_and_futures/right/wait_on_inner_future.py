"""The promise owns one asyncio.Future and never shows it: waiters look at it through wait(), which cancels nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """len() asks the tasks themselves; drain() waits for one finished task after the other."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task] = []

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.ensure_future(coro)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)
        return task

    def __len__(self) -> int:
        return sum(not task.done() for task in self._tasks)

    async def drain(self) -> None:
        while len(self):
            await asyncio.wait(list(self._tasks), return_when=asyncio.FIRST_COMPLETED)


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._inner: asyncio.Future = asyncio.get_running_loop().create_future()
        self._error: BaseException | None = None

    def done(self) -> bool:
        return self._inner.done()

    def result(self) -> T:
        value = self._inner.result()
        if self._error is not None:
            raise self._error
        return value

    def set_result(self, value: T) -> None:
        self._inner.set_result(value)

    def set_exception(self, error: BaseException) -> None:
        self._inner.set_result(None)
        self._error = error

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        self._inner.add_done_callback(lambda _: fn(self))

    async def _look(self) -> T:
        if not self._inner.done():
            await asyncio.wait([self._inner])
        return self.result()

    def __await__(self) -> Generator[Any, None, T]:
        return self._look().__await__()
