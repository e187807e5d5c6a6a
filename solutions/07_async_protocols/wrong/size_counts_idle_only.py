"""The size limits only how many idle connections are kept, not how many are open.

Fails: test_size_is_kept_and_reached
Says: size=2, but 5 connections were open or being opened at t=0.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
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
        self._size = size
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
        if self._idle:
            conn = self._idle.pop()
        else:
            conn = await self._connect()
            self._opened.append(conn)
        try:
            yield conn
        finally:
            if len(self._idle) < self._size:
                self._idle.append(conn)
            else:
                self._opened.remove(conn)
                with suppress(Exception):
                    await conn.close()


async def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    cursor: Any = 0
    async with pool.connection() as conn:
        while cursor is not None:
            page, cursor = await conn.page(query, cursor)
            for row in page:
                yield row
