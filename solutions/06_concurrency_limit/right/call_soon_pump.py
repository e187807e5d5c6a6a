"""A pump object that loop.call_soon runs after each end: it starts, stops and finally reports."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


class _Pump(Generic[T]):
    def __init__(self, urls: list[str], fetch: Callable[[str], Awaitable[T]], limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._urls = urls
        self._fetch = fetch
        self._limit = limit
        self._tasks: list[asyncio.Task[T]] = []
        self._active = 0
        self._turn_is_due = False
        self._stopped = False
        self._failure: BaseException | None = None
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._wake()

    def _wake(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_is_due = False
        while not self._stopped and self._active < self._limit and len(self._tasks) < len(self._urls):
            task = self._loop.create_task(_call(self._fetch, self._urls[len(self._tasks)]))
            self._tasks.append(task)
            self._active += 1
            task.add_done_callback(self._ended)
        if self._active == 0 and not self._over.done():
            self._over.set_result(None)

    def _ended(self, task: asyncio.Task[T]) -> None:
        self._active -= 1
        if not task.cancelled():
            failure = task.exception()
            if failure is not None and not self._stopped:
                self._failure = failure
                self.stop()
        self._wake()

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            for task in self._tasks:
                task.cancel()
            self._wake()

    async def run(self) -> list[T]:
        cancelled: asyncio.CancelledError | None = None
        while not self._over.done():
            try:
                await asyncio.wait([self._over])
            except asyncio.CancelledError as exc:
                cancelled = exc
                self.stop()
        if cancelled is not None:
            raise cancelled
        if self._failure is not None:
            raise self._failure
        return [task.result() for task in self._tasks]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _Pump(todo, fetch, len(todo)).run()


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit must be at least one")
    return await _Pump(list(urls), fetch, limit).run()
