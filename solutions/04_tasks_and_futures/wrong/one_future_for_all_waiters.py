"""All waiters await the one inner future directly, so cancelling one cancels it for everybody.

Fails: test_cancelling_one_waiter
Says: The one who waited was cancelled, and then done() was True
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task] = set()

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(coro)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def __len__(self) -> int:
        return len(self._tasks)

    async def drain(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._inner: asyncio.Future = asyncio.get_running_loop().create_future()

    def done(self) -> bool:
        return self._inner.done()

    def result(self) -> T:
        return self._inner.result()

    def set_result(self, value: T) -> None:
        self._inner.set_result(value)

    def set_exception(self, error: BaseException) -> None:
        self._inner.set_exception(error)

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        self._inner.add_done_callback(lambda _: fn(self))

    def __await__(self) -> Generator[Any, None, T]:
        return self._inner.__await__()
