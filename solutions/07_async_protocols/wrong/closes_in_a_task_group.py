"""close() calls run in a TaskGroup, which cancels the other ones when the first fails.

Fails: test_leaving_by_an_exception_and_with_a_failing_close
Says: Closing connection 2 began at t=27, and was cancelled.
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
        try:
            async with asyncio.TaskGroup() as group:
                for conn in self._opened:
                    group.create_task(conn.close())
        except ExceptionGroup:
            if error is None:
                raise

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
