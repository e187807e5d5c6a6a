"""A home-made nursery (async context manager); the body takes a semaphore slot before each start."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Nursery(Generic[T]):
    def __init__(self) -> None:
        self.children: list[asyncio.Task[T]] = []
        self.failure: BaseException | None = None
        self._stopped = False

    async def __aenter__(self) -> "_Nursery[T]":
        return self

    def start(self, coroutine: Coroutine[Any, Any, T], at_end: Callable[[], None]) -> None:
        def ended(child: asyncio.Task[T]) -> None:
            if not child.cancelled():
                failure = child.exception()
                if failure is not None and not self._stopped:
                    self.failure = failure
                    self.stop()
            at_end()

        child = asyncio.create_task(coroutine)
        self.children.append(child)
        child.add_done_callback(ended)

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            for child in self.children:
                child.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if problem is not None:
            self.stop()
        cancelled: asyncio.CancelledError | None = None
        while alive := [child for child in self.children if not child.done()]:
            try:
                await asyncio.wait(alive)
            except asyncio.CancelledError as exc:
                cancelled = exc
                self.stop()
        if cancelled is not None:
            raise cancelled
        if problem is None:
            for child in self.children:  # its callback may not have run yet
                if self.failure is None and not child.cancelled():
                    self.failure = child.exception()
            if self.failure is not None:
                raise self.failure


async def _bounded(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], slots: asyncio.Semaphore) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    nursery: _Nursery[T] = _Nursery()
    async with nursery:
        for url in urls:
            await slots.acquire()
            if nursery.failure is not None:
                break
            nursery.start(one(url), slots.release)
    return [child.result() for child in nursery.children]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _bounded(todo, fetch, asyncio.Semaphore(len(todo)))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit must be at least 1")
    return await _bounded(urls, fetch, asyncio.Semaphore(limit))
