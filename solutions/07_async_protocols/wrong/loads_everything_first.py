"""All pages are collected before the first row is given.

Fails: test_pages_are_fetched_when_needed_on_one_connection
Says: The first page has two rows. The number of pages asked for, after one row
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

Conn = Any
Row = Any


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self.start = start
        self.every = every

    async def __aiter__(self) -> AsyncIterator[int]:
        for value in range(self.start, 0, -1):
            await asyncio.sleep(self.every)
            yield value


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._slots = asyncio.Semaphore(size)
        self._idle: list[Conn] = []
        self._opened: list[Conn] = []
        self._closed = False

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        failures = []
        for conn in self._opened:
            try:
                await conn.close()
            except Exception as failure:
                failures.append(failure)
        if failures and error is None:
            raise failures[0]

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        if self._closed:
            raise RuntimeError("the pool is closed")
        async with self._slots:
            if self._idle:
                conn = self._idle.pop()
            else:
                conn = await self._connect()
                self._opened.append(conn)
            try:
                yield conn
            finally:
                self._idle.append(conn)


async def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    cursor: Any = 0
    collected: list[Row] = []
    async with pool.connection() as conn:
        while cursor is not None:
            page, cursor = await conn.page(query, cursor)
            collected.extend(page)
        for row in collected:
            yield row
