"""The state is kept by a concurrent.futures.Future that no waiter can cancel; wrap_future serves each waiter."""

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """drain() waits for one task at a time, the newest first."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task, None] = {}

    def start(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task:
        task = asyncio.create_task(coro)
        self._running[task] = None
        task.add_done_callback(self._running.pop)
        return task

    def __len__(self) -> int:
        return len(self._running)

    async def drain(self) -> None:
        while self._running:
            newest = next(reversed(self._running))
            await asyncio.wait({newest})


class Promise(Generic[T]):
    def __init__(self) -> None:
        self._inner: concurrent.futures.Future = concurrent.futures.Future()
        self._inner.set_running_or_notify_cancel()

    def done(self) -> bool:
        return self._inner.done()

    def result(self) -> T:
        if not self._inner.done():
            raise asyncio.InvalidStateError("still running")
        kind, content = self._inner.result()
        if kind == "error":
            raise content
        return content

    def _put(self, kind: str, content: Any) -> None:
        try:
            self._inner.set_result((kind, content))
        except concurrent.futures.InvalidStateError as exc:
            raise asyncio.InvalidStateError(str(exc)) from None

    def set_result(self, value: T) -> None:
        self._put("value", value)

    def set_exception(self, error: BaseException) -> None:
        self._put("error", error)

    def add_done_callback(self, fn: Callable[["Promise[T]"], Any]) -> None:
        loop = asyncio.get_running_loop()
        self._inner.add_done_callback(lambda _: loop.call_soon(fn, self))

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done():
            yield from asyncio.wrap_future(self._inner).__await__()
        return self.result()
