"""The lease is entered and left by hand without finally, so closing the iterator early keeps the connection.

Fails: test_leaving_an_iteration_gives_the_connection_back
Says: size=1: an iteration was left early and closed, and after that nobody
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

Conn = Any
Row = Any


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self._start = start
        self._every = every

    def __aiter__(self) -> AsyncIterator[int]:
        async def down(number: int) -> AsyncIterator[int]:
            if number > 0:
                await asyncio.sleep(self._every)
                yield number
                rest = down(number - 1)
                try:
                    async for smaller in rest:
                        yield smaller
                finally:
                    await rest.aclose()  # type: ignore[attr-defined]

        return down(self._start)


class _Lease(AbstractAsyncContextManager[Conn]):
    def __init__(self, borrow: Callable[[], Awaitable[Conn]], give_back: Callable[[Conn], None]) -> None:
        self._borrow = borrow
        self._give_back: Callable[[Conn], None] = give_back

    async def __aenter__(self) -> Conn:
        conn = await self._borrow()
        self._undo = partial(self._give_back, conn)
        return conn

    async def __aexit__(self, *exc: Any) -> bool:
        self._undo()
        return False


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        self._size = size
        self._opened = 0
        self._connections: dict[int, Conn] = {}
        self._queue: asyncio.Queue[Conn | None] = asyncio.Queue()
        self._state = "open"

    async def __aenter__(self) -> "Pool":
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self._state = "closed"
        if self._connections:
            closings = [asyncio.ensure_future(conn.close()) for conn in self._connections.values()]
            done, _ = await asyncio.wait(closings)
            for closing in done:
                closing.exception()  # looked at, so nothing is logged

    async def _borrow(self) -> Conn:
        while True:
            if self._state == "closed":
                raise RuntimeError("this pool is closed")
            if self._queue.empty() and self._opened < self._size:
                return await self._open()
            conn = await self._queue.get()
            if conn is not None:
                return conn

    async def _open(self) -> Conn:
        self._opened += 1
        try:
            conn = await self._connect()
        except BaseException:
            self._opened -= 1
            self._queue.put_nowait(None)
            raise
        self._connections[id(conn)] = conn
        return conn

    def connection(self) -> _Lease:
        return _Lease(self._borrow, self._queue.put_nowait)


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    return _Stream(pool, query)


class _Stream(AsyncIterator[Row]):
    """Thin class around a generator: forwards __anext__ and aclose."""

    def __init__(self, pool: Pool, query: str) -> None:
        self._rows = self._generate(pool, query)

    async def _generate(self, pool: Pool, query: str) -> AsyncIterator[Row]:
        lease = pool.connection()
        conn = await lease.__aenter__()
        position: Any = 0
        while position is not None:
            page, position = await conn.page(query, position)
            for row in page:
                yield row
        await lease.__aexit__(None, None, None)

    def __anext__(self) -> Awaitable[Row]:
        return self._rows.__anext__()

    async def aclose(self) -> None:
        await self._rows.aclose()  # type: ignore[attr-defined]
