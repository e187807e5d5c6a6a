"""A small awaitable class with its own line of futures hands each freed slot to the next in line."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


class _Slots:
    """`await slots` takes a slot, `slots.hand_on()` gives it to whoever waits longest."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._line: deque[asyncio.Future[None]] = deque()
        self.failure: BaseException | None = None

    def __await__(self) -> Generator[Any, None, None]:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            yield from turn.__await__()
        except asyncio.CancelledError:
            if turn in self._line:
                self._line.remove(turn)
            else:  # it was our turn already: somebody else may have it
                self.hand_on()
            raise

    def hand_on(self) -> None:
        if self.failure is not None:
            return
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def close(self, failure: BaseException) -> None:
        if self.failure is None:
            self.failure = failure


async def _finish(tasks: list[asyncio.Task[T]], slots: _Slots) -> list[T]:
    pending: set[asyncio.Task[T]] = set(tasks)
    interruption: asyncio.CancelledError | None = None
    told = False
    while pending:
        try:
            _, pending = await asyncio.wait(
                pending,
                return_when=asyncio.ALL_COMPLETED if told else asyncio.FIRST_EXCEPTION,
            )
        except asyncio.CancelledError as exc:
            interruption = exc
            slots.close(exc)
        if not told and slots.failure is not None:
            told = True
            for task in pending:
                task.cancel()
        pending = {task for task in pending if not task.done()}
    for task in tasks:
        if not task.cancelled():
            task.exception()
    if interruption is not None:
        raise interruption
    if slots.failure is not None:
        raise slots.failure
    return [task.result() for task in tasks]


async def _through(slots: _Slots, urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        await slots
        try:
            result = await fetch(url)
        except asyncio.CancelledError:
            raise
        except BaseException as exc:
            slots.close(exc)
            raise
        slots.hand_on()
        return result

    return await _finish([asyncio.create_task(one(url)) for url in list(urls)], slots)


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _through(_Slots(len(todo)), todo, fetch)


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit must be >= 1")
    return await _through(_Slots(limit), urls, fetch)
