"""Both halves rest on asyncio.Event: an idle bell for the background, a bell for the promise."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    def __init__(self) -> None:
        self._alive: dict[int, asyncio.Task] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.get_running_loop().create_task(coro)
        self._alive[id(task)] = task
        self._idle.clear()
        task.add_done_callback(self._gone)
        return task

    def _gone(self, task: asyncio.Task) -> None:
        del self._alive[id(task)]
        if not self._alive:
            self._idle.set()

    def __len__(self) -> int:
        return len(self._alive)

    async def drain(self) -> None:
        # somebody may have started a task between the bell and our turn
        while self._alive:
            await self._idle.wait()


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._outcome: Callable[[], T] | None = None
        self._listeners: list[Callable[["Promise[T]"], Any]] = []

    def done(self) -> bool:
        return self._outcome is not None

    def result(self) -> T:
        if self._outcome is None:
            raise asyncio.InvalidStateError("too early")
        return self._outcome()

    def set_result(self, value: T) -> None:
        self._settle(lambda: value)

    def set_exception(self, error: BaseException) -> None:
        def throw() -> T:
            raise error

        self._settle(throw)

    def _settle(self, outcome: Callable[[], T]) -> None:
        if self._outcome is not None:
            raise asyncio.InvalidStateError("set already")
        self._outcome = outcome
        self._bell.set()
        while self._listeners:
            self._announce(self._listeners.pop(0))

    def _announce(self, fn: Callable[["Promise[T]"], Any]) -> None:
        asyncio.get_running_loop().call_soon(fn, self)

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        if self.done():
            self._announce(fn)
        else:
            self._listeners.append(fn)

    async def _wait(self) -> T:
        await self._bell.wait()
        return self.result()

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()
