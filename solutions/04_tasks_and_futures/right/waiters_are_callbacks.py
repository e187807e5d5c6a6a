"""One list of reactions serves both: an await is nothing but a done-callback that wakes a private future."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """A queue counts the unfinished: start puts, the end of a task takes."""

    def __init__(self) -> None:
        self._open: asyncio.Queue[None] = asyncio.Queue()
        self._hold: set[asyncio.Task] = set()

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(coro)
        self._hold.add(task)
        self._open.put_nowait(None)
        task.add_done_callback(self._close)
        return task

    def _close(self, task: asyncio.Task) -> None:
        self._hold.discard(task)
        self._open.get_nowait()
        self._open.task_done()

    def __len__(self) -> int:
        return len(self._hold)

    async def drain(self) -> None:
        while self._hold:
            await self._open.join()


class _Pending:
    pass


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._state: Any = _Pending
        self._failed = False
        self._reactions: deque[Callable[["Promise[T]"], Any]] = deque()

    def done(self) -> bool:
        return self._state is not _Pending

    def result(self) -> T:
        if self._state is _Pending:
            raise asyncio.InvalidStateError("result() before the end")
        if self._failed:
            raise self._state
        return self._state

    def set_result(self, value: T) -> None:
        self._become(value, failed=False)

    def set_exception(self, error: BaseException) -> None:
        self._become(error, failed=True)

    def _become(self, state: Any, *, failed: bool) -> None:
        if self.done():
            raise asyncio.InvalidStateError("set twice")
        self._state, self._failed = state, failed
        while self._reactions:
            asyncio.get_running_loop().call_soon(self._reactions.popleft(), self)

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        if self.done():
            asyncio.get_running_loop().call_soon(partial(fn, self))
        else:
            self._reactions.append(fn)

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done():
            sleeper = asyncio.get_running_loop().create_future()
            self.add_done_callback(lambda _: sleeper.done() or sleeper.set_result(None))
            yield from sleeper
        return self.result()
