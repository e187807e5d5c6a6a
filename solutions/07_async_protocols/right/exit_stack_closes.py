"""Closing is an AsyncExitStack filled while connections open; connection() is a plain method that raises at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

Conn = Any
Row = Any


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self.start = start
        self.every = every

    def __aiter__(self) -> AsyncIterator[int]:
        async def ticking() -> AsyncIterator[int]:
            never = asyncio.Event()
            for value in reversed(range(1, self.start + 1)):
                try:
                    async with asyncio.timeout(self.every):
                        await never.wait()
                except TimeoutError:
                    yield value

        return ticking()


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._gate = asyncio.BoundedSemaphore(size)
        self._idle: list[Conn] = []
        self._stack = AsyncExitStack()
        self._closed = False

    async def __aenter__(self) -> "Pool":
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._closed = True
        try:
            await self._stack.aclose()
        except Exception:
            if error is None:
                raise

    def connection(self) -> AbstractAsyncContextManager[Conn]:
        if self._closed:
            raise RuntimeError("closed pool")
        return self._lend()

    @asynccontextmanager
    async def _lend(self) -> AsyncIterator[Conn]:
        if self._closed:
            raise RuntimeError("closed pool")
        await self._gate.acquire()
        try:
            conn = self._idle.pop() if self._idle else await self._open()
            try:
                yield conn
            finally:
                self._idle.append(conn)
        finally:
            self._gate.release()

    async def _open(self) -> Conn:
        conn = await self._connect()
        self._stack.push_async_callback(conn.close)
        return conn


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    async def fetch() -> AsyncIterator[Row]:
        async with pool.connection() as conn:
            page, cursor = await conn.page(query, 0)
            while True:
                for row in page:
                    yield row
                if cursor is None:
                    return
                page, cursor = await conn.page(query, cursor)

    return fetch()
