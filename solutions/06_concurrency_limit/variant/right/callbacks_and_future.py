"""No coroutine of its own at all: done callbacks note the outcome and start the next request."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Run(Generic[T]):
    def __init__(self, urls: list[str], fetch: Callable[[str], Awaitable[T]], limit: int) -> None:
        self._urls = urls
        self._fetch = fetch
        self._next = 0
        self._stopped = False
        self._running: set[asyncio.Future[T]] = set()
        self._outcomes: list[Any] = [None] * len(urls)
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for _ in range(min(limit, len(urls))):
            self._start()
        self._look()

    def _start(self) -> None:
        place, self._next = self._next, self._next + 1
        request = asyncio.ensure_future(self._fetch(self._urls[place]))
        self._running.add(request)
        request.add_done_callback(functools.partial(self._ended, place))

    def _ended(self, place: int, request: asyncio.Future[T]) -> None:
        self._running.discard(request)
        if not request.cancelled():
            failure = request.exception()
            self._outcomes[place] = request.result() if failure is None else failure
        if self._next < len(self._urls) and not self._stopped:
            self._start()
        self._look()

    def _look(self) -> None:
        if not self._running and not self._over.done():
            self._over.set_result(None)

    def _stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            for request in self._running:
                request.cancel()

    async def outcomes(self) -> list[T | Exception]:
        cancelled: asyncio.CancelledError | None = None
        while not self._over.done():
            try:
                await asyncio.shield(self._over)
            except asyncio.CancelledError as error:
                cancelled = error
                self._stop()
        if cancelled is not None:
            raise cancelled
        return self._outcomes


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    return await _Run(list(urls), fetch, limit).outcomes()
