"""The check and the counting lie on both sides of an await, so several tasks pass the check at once.

Fails: test_size_is_kept_and_reached
Says: size=2, but 5 connections were open or being opened at t=0.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

Conn = Any
Row = Any


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self._start, self._every = start, every

    async def _step(self, value: int) -> int:
        await asyncio.sleep(self._every)
        return value

    def __aiter__(self) -> AsyncIterator[int]:
        return (await self._step(value) for value in range(self._start, 0, -1))  # an async generator expression


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._bell = asyncio.Event()
        self._idle: list[Conn] = []
        self._used = 0
        self._is_open = True

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self._is_open = False

        async def quietly(conn: Conn) -> None:
            try:
                await conn.close()
            except Exception:
                pass

        async with asyncio.TaskGroup() as group:
            for conn in self._idle:
                group.create_task(quietly(conn))
        self._idle.clear()

    async def _acquire(self) -> Conn:
        while not self._idle and self._used >= self._size:
            await self._bell.wait()
        if self._idle:
            self._used += 1
            return self._idle.pop()
        conn = await self._connect()
        self._used += 1
        return conn

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        if not self._is_open:
            raise RuntimeError("connection() on a closed pool")
        conn = await self._acquire()
        try:
            yield conn
        finally:
            self._used -= 1
            self._idle.append(conn)
            self._ring()


async def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    lease = pool.connection()
    conn = await lease.__aenter__()
    try:
        cursor: Any = 0
        for _ in count():
            page, cursor = await conn.page(query, cursor)
            for row in page:
                yield row
            if cursor is None:
                break
    finally:
        await lease.__aexit__(None, None, None)
