"""One connection is opened at a time, under a lock, and who wants an idle one stands behind that lock as well.

Fails: test_size_is_kept_and_reached
Says: A connection came back at t=16.5, but who was waiting for it got one only at t=17.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Protocol, Self

Row = Any


class Conn(Protocol):
    """A connection to a database."""

    async def page(self, query: str, cursor: int) -> tuple[Sequence[Row], int | None]:
        """Return one page of rows, which may be empty, and the cursor of the next page; None: there is none."""

    async def close(self) -> None:
        """Close the connection; this takes a while, and it may fail."""


class Countdown:
    """Counts from `start` down to 1 for `async for`, and lets `every` seconds pass before each number."""

    def __init__(self, start: int, *, every: float) -> None:
        self._start = start
        self._every = every

    async def __aiter__(self) -> AsyncIterator[int]:
        # A generator: each call makes a new iterator with a state of its own.
        for number in range(self._start, 0, -1):
            await asyncio.sleep(self._every)
            yield number


class Pool:
    """Lends out at most `size` connections."""

    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._slots = asyncio.Semaphore(size)
        self._opening = asyncio.Lock()
        self._idle: list[Conn] = []
        self._opened = AsyncExitStack()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closed = True
        try:
            # The stack goes on closing when one close() fails, and raises that afterwards.
            await self._opened.aclose()
        except Exception:
            # Whoever sees an exception of the block wants that one, not what came of it.
            if exc is None:
                raise

    def connection(self) -> AbstractAsyncContextManager[Conn]:
        """Lend a connection to one `async with` block, and to nobody else meanwhile."""
        if self._closed:
            raise RuntimeError("the pool is closed")
        return self._lease()

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[Conn]:
        # The slot is held from before connect() until after the lease, so whatever fails gives it back.
        async with self._slots:
            async with self._opening:
                conn = self._idle.pop() if self._idle else await self._open()
            try:
                yield conn
            finally:
                self._idle.append(conn)

    async def _open(self) -> Conn:
        conn = await self._connect()
        self._opened.push_async_callback(conn.close)
        return conn


async def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    """Iterate over all rows of a query, page by page."""
    cursor: int | None = 0
    async with pool.connection() as conn:
        while cursor is not None:
            page, cursor = await conn.page(query, cursor)
            for row in page:
                yield row
