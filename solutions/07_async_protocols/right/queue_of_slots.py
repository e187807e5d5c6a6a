"""A priority queue of slot objects: slots that hold a connection come first, empty ones open when first taken."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

Conn = Any
Row = Any


class _Slot:
    def __init__(self, number: int) -> None:
        self.number = number
        self.conn: Conn = None

    def __lt__(self, other: "_Slot") -> bool:
        return (self.conn is None, self.number) < (other.conn is None, other.number)


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self._numbers = range(start, 0, -1)
        self._every = every

    def __aiter__(self) -> AsyncIterator[int]:
        return self._walk(iter(self._numbers))

    async def _walk(self, numbers: Any) -> AsyncIterator[int]:
        for number in numbers:
            await asyncio.sleep(self._every)
            yield number


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._slots = [_Slot(number) for number in range(size)]
        self._free: asyncio.PriorityQueue[_Slot] | None = asyncio.PriorityQueue()
        for slot in self._slots:
            self._free.put_nowait(slot)

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self._free = None
        for slot in self._slots:
            if slot.conn is not None:
                try:
                    await slot.conn.close()
                except Exception:
                    pass

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        free = self._free
        if free is None:
            raise RuntimeError("closed")
        async with AsyncExitStack() as stack:
            slot = await free.get()
            stack.callback(free.put_nowait, slot)
            if slot.conn is None:
                slot.conn = await self._connect()
            yield slot.conn


async def _pages(conn: Conn, query: str) -> AsyncIterator[list[Row]]:
    cursor: Any = 0
    while True:
        page, cursor = await conn.page(query, cursor)
        yield page
        if cursor is None:
            return


async def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    async with pool.connection() as conn:
        async for page in _pages(conn, query):
            for row in page:
                yield row
