"""No coroutine but the entry; a pump starts fetches as futures and refills from their done-callbacks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class _Pump(Generic[T]):
    def __init__(self, urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], limit: int | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._todo: Iterator[tuple[int, str]] | None = enumerate(urls)
        self._fetch = fetch
        self._limit = limit
        self._flying: dict[int, asyncio.Future[T]] = {}
        self._results: dict[int, T] = {}
        self._error: BaseException | None = None
        self._landed_all: asyncio.Future[None] = self._loop.create_future()

    def _refill(self) -> None:
        while self._todo is not None and (self._limit is None or len(self._flying) < self._limit):
            try:
                index, url = next(self._todo)
                flight = asyncio.ensure_future(self._fetch(url))
            except StopIteration:
                self._todo = None
            except Exception as error:  # of the iterable
                self._abort(error)
            else:
                self._flying[index] = flight
                flight.add_done_callback(partial(self._landed, index))
        if not self._flying and not self._landed_all.done():
            self._landed_all.set_result(None)

    def _landed(self, index: int, flight: "asyncio.Future[T]") -> None:
        del self._flying[index]
        if flight.cancelled():
            self._abort(asyncio.CancelledError())
        elif (error := flight.exception()) is not None:
            self._abort(error)
        else:
            self._results[index] = flight.result()
        if self._landed_all.cancelled():
            self._todo = None  # the caller is being cancelled, and will call abort on its next turn
        self._refill()

    def _abort(self, error: BaseException) -> None:
        """Start nothing more and cancel what flies, but only the first time."""
        if self._error is None:
            self._error = error
            self._todo = None
            for flight in self._flying.values():
                flight.cancel()

    async def run(self) -> list[T]:
        cancelled: asyncio.CancelledError | None = None
        self._refill()
        while True:
            try:
                await self._landed_all
                break
            except asyncio.CancelledError as error:
                cancelled = cancelled or error
                self._abort(error)
                self._landed_all = self._loop.create_future()
                self._refill()  # resolves the new future at once if nothing flies any more
        try:
            if cancelled is not None:
                raise cancelled
            if self._error is not None:
                raise self._error
        finally:
            self._error = cancelled = None  # no reference cycle through the traceback
        return [self._results[index] for index in sorted(self._results)]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await _Pump(urls, fetch, None).run()


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit has to be 1 or more")
    return await _Pump(urls, fetch, limit).run()
