"""Done callbacks put every finished future into an asyncio.Queue; both functions only read that queue."""

import asyncio
from collections.abc import Awaitable, Iterable
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

T = TypeVar("T")


class _Crowd(Generic[T]):
    """Runs awaitables for the duration of a block; whoever is still running at its end is cancelled and waited for."""

    def __init__(self, aws: Iterable[Awaitable[T]]) -> None:
        self._finished: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
        self.futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
        self.distinct = set(self.futures)
        for future in self.distinct:
            future.add_done_callback(self._finished.put_nowait)

    async def next(self) -> "asyncio.Future[T]":
        return await self._finished.get()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        interrupted: asyncio.CancelledError | None = None
        for future in self.distinct:
            future.cancel()
        while pending := [future for future in self.distinct if not future.done()]:
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError as again:
                interrupted = again
        for future in self.distinct:
            if not future.cancelled():
                future.exception()  # retrieved: nobody needs to hear of it
        if interrupted is not None:
            raise interrupted


def _failure(future: "asyncio.Future[Any]") -> BaseException | None:
    """The exception, the CancelledError included, or None."""
    try:
        return future.exception()
    except asyncio.CancelledError as cancelled:
        return cancelled


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    """Take as many futures out of the queue as there are."""
    told: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    async with _Crowd(aws) as crowd:
        for _ in crowd.distinct:
            await crowd.next()
        for future in crowd.futures:
            failure = _failure(future)
            told.append(("ok", future.result()) if failure is None else ("err", failure))
    return told


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    """Take futures out of the queue until one has a value."""
    async with _Crowd(aws) as crowd:
        if not crowd.futures:
            raise ValueError("first_success() needs at least one awaitable")
        for _ in crowd.distinct:
            future = await crowd.next()
            if _failure(future) is None:
                return future.result()
        failures = [failure for future in crowd.futures if (failure := _failure(future)) is not None]
        raise BaseExceptionGroup("every awaitable has failed", failures)
