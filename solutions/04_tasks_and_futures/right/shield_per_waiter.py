"""Waiters await asyncio.shield() of one hidden future that is made only when somebody needs it."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any, Generic, TypeVar

T = TypeVar("T")
NOTHING = object()


class Background:
    """A running number plus a list of sleeping drains, each one a future."""

    def __init__(self) -> None:
        self._strong: set[asyncio.Task] = set()
        self._sleepers: list[asyncio.Future] = []

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(coro)
        self._strong.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task) -> None:
        self._strong.remove(task)
        if not self._strong:
            for sleeper in self._sleepers:
                if not sleeper.done():
                    sleeper.set_result(None)

    def __len__(self) -> int:
        return len(self._strong)

    @contextlib.contextmanager
    def _sleeper(self) -> Iterator[asyncio.Future]:
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.append(sleeper)
        try:
            yield sleeper
        finally:
            self._sleepers.remove(sleeper)

    async def drain(self) -> None:
        while self._strong:
            with self._sleeper() as sleeper:
                await sleeper


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._value: Any = NOTHING
        self._error: BaseException | None = None
        self._finished: asyncio.Future | None = None

    def _signal(self) -> asyncio.Future:
        if self._finished is None:
            self._finished = asyncio.get_running_loop().create_future()
            if self.done():
                self._finished.set_result(None)
        return self._finished

    def done(self) -> bool:
        return self._value is not NOTHING or self._error is not None

    def result(self) -> T:
        if not self.done():
            raise asyncio.InvalidStateError("not done")
        if self._error is not None:
            raise self._error
        return self._value

    def _guard(self) -> None:
        if self.done():
            raise asyncio.InvalidStateError("done")

    def set_result(self, value: T) -> None:
        self._guard()
        self._value = value
        if self._finished is not None:
            self._finished.set_result(None)

    def set_exception(self, error: BaseException) -> None:
        self._guard()
        self._error = error
        if self._finished is not None:
            self._finished.set_result(None)

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        self._signal().add_done_callback(lambda _: fn(self))

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done():
            yield from asyncio.shield(self._signal()).__await__()
        return self.result()
