"""Every waiter has a mailbox (a queue for one letter); finishing the promise posts the outcome to all mailboxes."""

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Generator
from types import GenericAlias
from typing import Any


@dataclasses.dataclass(frozen=True)
class Good:
    value: Any

    def open(self) -> Any:
        return self.value


@dataclasses.dataclass(frozen=True)
class Bad:
    error: BaseException

    def open(self) -> Any:
        raise self.error


class Background(set):
    """The collection itself is the set of running tasks."""

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(coro)
        task.add_done_callback(self.discard)
        self.add(task)
        return task

    async def drain(self) -> None:
        while self:
            done, _ = await asyncio.wait(self.copy())
            self -= done


class Promise:
    __class_getitem__ = classmethod(GenericAlias)

    def __init__(self) -> None:
        self._letter: Good | Bad | None = None
        self._boxes: list[asyncio.Queue] = []
        self._fns: list[Callable[["Promise"], Any]] = []

    def done(self) -> bool:
        return self._letter is not None

    def result(self) -> Any:
        if self._letter is None:
            raise asyncio.InvalidStateError("no letter yet")
        return self._letter.open()

    def set_result(self, value: Any) -> None:
        self._post(Good(value))

    def set_exception(self, error: BaseException) -> None:
        self._post(Bad(error))

    def _post(self, letter: Good | Bad) -> None:
        if self._letter is not None:
            raise asyncio.InvalidStateError("a letter was posted already")
        self._letter = letter
        for box in self._boxes:
            box.put_nowait(letter)
        for fn in self._fns:
            self._later(fn)
        self._fns.clear()

    def _later(self, fn: Callable[["Promise"], Any]) -> None:
        asyncio.get_running_loop().call_soon(lambda: fn(self))

    def add_done_callback(self, fn: Callable[["Promise"], Any]) -> None:
        if self._letter is None:
            self._fns.append(fn)
        else:
            self._later(fn)

    async def _receive(self) -> Any:
        if self._letter is not None:
            return self._letter.open()
        box: asyncio.Queue = asyncio.Queue(1)
        self._boxes.append(box)
        try:
            return (await box.get()).open()
        finally:
            self._boxes.remove(box)

    def __await__(self) -> Generator[Any, None, Any]:
        return self._receive().__await__()
