"""An Event that wakes everybody to look again; class-based leases and iterators; connections closed one by one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, Self

Row = Any


class Conn(Protocol):
    """A connection to a database."""

    async def page(self, query: str, cursor: int) -> tuple[Sequence[Row], int | None]:
        """Return one page of rows, which may be empty, and the cursor of the next page; None: there is none."""
        ...

    async def close(self) -> None:
        """Close the connection; this takes a while, and it may fail."""
        ...


def _ring(bell: "asyncio.Future[None]") -> None:
    if not bell.done():
        bell.set_result(None)


class _CountdownIterator(AsyncIterator[int]):
    def __init__(self, start: int, every: float) -> None:
        self._next = start
        self._every = every

    async def __anext__(self) -> int:
        if self._next < 1:
            raise StopAsyncIteration
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[None] = loop.create_future()
        alarm = loop.call_later(self._every, _ring, rung)
        try:
            await rung
        finally:
            alarm.cancel()
        number = self._next
        self._next -= 1
        return number


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self._start = start
        self._every = every

    def __aiter__(self) -> AsyncIterator[int]:
        return _CountdownIterator(self._start, self._every)


class _Lease(AbstractAsyncContextManager[Conn]):
    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._conn: Conn | None = None

    async def __aenter__(self) -> Conn:
        self._conn = await self._pool._acquire()
        return self._conn

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            self._pool._release(conn)


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._room = size  # how many more may be opened
        self._idle: list[Conn] = []
        self._all: list[Conn] = []
        self._news = asyncio.Event()
        self._state = "open"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state = "closed"
        self._idle.clear()
        problem: BaseException | None = None
        while self._all:
            try:
                await self._all.pop().close()
            except Exception as error:
                problem = problem if isinstance(problem, asyncio.CancelledError) else error
            except asyncio.CancelledError as error:
                problem = error  # close the others all the same
        if isinstance(problem, asyncio.CancelledError) or (problem is not None and exc is None):
            raise problem

    def connection(self) -> AbstractAsyncContextManager[Conn]:
        return _Lease(self)

    async def _acquire(self) -> Conn:
        while True:
            if self._state == "closed":
                raise RuntimeError("this pool has been closed")
            if self._idle:
                return self._idle.pop(0)
            if self._room:
                return await self._open()
            self._news.clear()
            await self._news.wait()

    async def _open(self) -> Conn:
        self._room -= 1
        try:
            conn = await self._connect()
        except BaseException:
            self._room += 1
            self._news.set()
            raise
        self._all.append(conn)
        return conn

    def _release(self, conn: Conn) -> None:
        self._idle.append(conn)
        self._news.set()


class _Rows(AsyncIterator[Row]):
    def __init__(self, pool: Pool, query: str) -> None:
        self._lease = pool.connection()
        self._query = query
        self._conn: Conn | None = None
        self._page: Iterator[Row] = iter(())
        self._cursor: int | None = 0
        self._ended = False

    async def __anext__(self) -> Row:
        if self._ended:
            raise StopAsyncIteration
        try:
            while True:
                for row in self._page:
                    return row
                if self._cursor is None:
                    break
                if self._conn is None:
                    self._conn = await self._lease.__aenter__()
                page, self._cursor = await self._conn.page(self._query, self._cursor)
                self._page = iter(page)
        except BaseException:
            await self.aclose()
            raise
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._ended = True
        if self._conn is not None:
            self._conn = None
            await self._lease.__aexit__(None, None, None)


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    return _Rows(pool, query)
