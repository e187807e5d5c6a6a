"""A hand-kept line of events: whoever ends, however it ends, wakes the one that waits longest."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


class _Line:
    """So many may be inside; the others wait, each for an event of its own."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: deque[asyncio.Event] = deque()

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        if self._room:
            self._room -= 1
        else:
            turn = asyncio.Event()
            self._waiting.append(turn)
            try:
                await turn.wait()
            except asyncio.CancelledError:
                if turn.is_set():
                    self._leave()
                else:
                    self._waiting.remove(turn)
                raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set()
        else:
            self._room += 1


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    line = _Line(limit)
    places = list(urls)
    outcomes: list[T | Exception | None] = [None] * len(places)

    async def fill(place: int) -> None:
        async with line.inside():
            try:
                outcomes[place] = await fetch(places[place])
            except Exception as failure:
                outcomes[place] = failure

    async with asyncio.TaskGroup() as group:
        for place in range(len(places)):
            group.create_task(fill(place))
    return outcomes
