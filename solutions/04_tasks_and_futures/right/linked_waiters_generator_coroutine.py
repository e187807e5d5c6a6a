"""Waiters form a linked list, newest first; the suspension itself is a generator-based coroutine (types.coroutine)."""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@types.coroutine
def suspend(future: asyncio.Future) -> Generator[Any, None, None]:
    yield from future


class Background:
    """Strong references by number; drain() repeats until a look finds nothing."""

    def __init__(self) -> None:
        self._next = 0
        self._by_number: dict[int, asyncio.Task] = {}

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        number, self._next = self._next, self._next + 1
        task = self._by_number[number] = asyncio.create_task(coro)
        task.add_done_callback(lambda _: self._by_number.pop(number))
        return task

    def __len__(self) -> int:
        return len(self._by_number)

    async def drain(self) -> None:
        while running := list(self._by_number.values()):
            await asyncio.wait(running)


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._finished = False
        self._get: Callable[[], T] = self._too_early
        self._newest: tuple[asyncio.Future, Any] | None = None
        self._calls: list[Callable[["Promise[T]"], Any]] = []

    def _too_early(self) -> T:
        raise asyncio.InvalidStateError("the promise is open")

    def done(self) -> bool:
        return self._finished

    def result(self) -> T:
        return self._get()

    def set_result(self, value: T) -> None:
        self._close(lambda: value)

    def set_exception(self, error: BaseException) -> None:
        def get() -> T:
            raise error

        self._close(get)

    def _close(self, get: Callable[[], T]) -> None:
        if self._finished:
            raise asyncio.InvalidStateError("the promise is closed")
        self._finished, self._get = True, get
        node, self._newest = self._newest, None
        while node is not None:
            waiter, node = node
            if not waiter.cancelled():
                waiter.set_result(None)
        for fn in self._calls:
            asyncio.get_running_loop().call_soon(fn, self)
        del self._calls[:]

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        if self._finished:
            asyncio.get_running_loop().call_soon(fn, self)
        else:
            self._calls.append(fn)

    def __await__(self) -> Generator[Any, None, T]:
        if not self._finished:
            mine = asyncio.get_running_loop().create_future()
            self._newest = (mine, self._newest)
            yield from suspend(mine)
        return self.result()
