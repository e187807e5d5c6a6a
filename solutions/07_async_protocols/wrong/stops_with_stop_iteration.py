"""The hand-written __anext__ ends with StopIteration instead of StopAsyncIteration, which becomes a RuntimeError.

Fails: test_countdown
Says: The loop should have ended, but RuntimeError: coroutine raised
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

    def __aiter__(self) -> "_Numbers":
        return _Numbers(self.start, self.every)


class _Numbers:
    def __init__(self, left: int, every: float) -> None:
        self.left = left
        self.every = every

    def __aiter__(self) -> "_Numbers":
        return self

    async def __anext__(self) -> int:
        if self.left < 1:
            raise StopIteration
        await asyncio.sleep(self.every)
        self.left -= 1
        return self.left + 1


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
    async with pool.connection() as conn:
        while cursor is not None:
            page, cursor = await conn.page(query, cursor)
            for row in page:
                yield row
