"""No asyncio primitive: waiters are futures in a deque, and a permit or a connection is handed over directly."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Conn = Any
Row = Any


class _Ticks:
    def __init__(self, start: int, every: float) -> None:
        self._left = start
        self._every = every

    def __aiter__(self) -> "_Ticks":
        return self

    async def __anext__(self) -> int:
        if self._left < 1:
            raise StopAsyncIteration
        loop = asyncio.get_running_loop()
        moment: asyncio.Future[None] = loop.create_future()
        handle = loop.call_later(self._every, lambda: moment.done() or moment.set_result(None))
        try:
            await moment
        finally:
            handle.cancel()
        value, self._left = self._left, self._left - 1
        return value


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self._start = start
        self._every = every

    def __aiter__(self) -> _Ticks:
        return _Ticks(self._start, self._every)


class _Lease:
    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def __aenter__(self) -> Conn:
        self._conn = await self._pool._take()
        return self._conn

    async def __aexit__(self, *exc: Any) -> None:
        self._pool._put_back(self._conn)


_PERMIT = object()


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._permits = size
        self._idle: deque[Conn] = deque()
        self._all: list[Conn] = []
        self._waiters: deque[asyncio.Future[Any]] = deque()
        self._closed = False

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        self._closed = True
        await asyncio.gather(*(conn.close() for conn in self._all), return_exceptions=True)
        return False

    def connection(self) -> _Lease:
        return _Lease(self)

    def _give(self, thing: Any) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(thing)
                return
        if thing is _PERMIT:
            self._permits += 1
        else:
            self._idle.append(thing)

    def _put_back(self, conn: Conn) -> None:
        self._give(conn)

    async def _take(self) -> Conn:
        if self._closed:
            raise RuntimeError("pool is closed")
        if self._idle:
            return self._idle.popleft()
        thing: Any = _PERMIT
        if self._permits:
            self._permits -= 1
        else:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                thing = await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._give(waiter.result())
                raise
        if thing is not _PERMIT:
            return thing
        try:
            conn = await self._connect()
        except BaseException:
            self._give(_PERMIT)
            raise
        self._all.append(conn)
        return conn


class _Rows:
    """A hand-written async iterator with aclose(), no generator."""

    def __init__(self, pool: Pool, query: str) -> None:
        self._lease: _Lease | None = None
        self._pool = pool
        self._query = query
        self._cursor: Any = 0
        self._page: deque[Row] = deque()
        self._conn: Conn = None
        self._finished = False

    def __aiter__(self) -> "_Rows":
        return self

    async def __anext__(self) -> Row:
        if self._finished:
            raise StopAsyncIteration
        try:
            if self._lease is None:
                lease = self._pool.connection()
                self._conn = await lease.__aenter__()
                self._lease = lease
            while not self._page:
                if self._cursor is None:
                    raise StopAsyncIteration
                page, self._cursor = await self._conn.page(self._query, self._cursor)
                self._page.extend(page)
            return self._page.popleft()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        self._finished = True
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.__aexit__(None, None, None)


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    return _Rows(pool, query)
