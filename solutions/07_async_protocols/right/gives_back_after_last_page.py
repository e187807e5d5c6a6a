"""rows() gives its connection back as soon as the last page is there: no cursor is left that would need it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, Generic, TypeVar

C = TypeVar("C")
Row = Any


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self._start = start
        self._every = every

    def __aiter__(self) -> "Countdown._Iterator":
        return Countdown._Iterator(self)

    class _Iterator:
        def __init__(self, owner: "Countdown") -> None:
            self._numbers = iter(range(owner._start, 0, -1))
            self._every = owner._every

        def __aiter__(self) -> "Countdown._Iterator":
            return self

        def __anext__(self) -> Awaitable[int]:  # a plain method that returns an awaitable is enough
            return self._next()

        async def _next(self) -> int:
            for number in self._numbers:
                await asyncio.sleep(self._every)
                return number
            raise StopAsyncIteration


class Pool(Generic[C]):
    def __init__(self, connect: Callable[[], Awaitable[C]], size: int) -> None:
        self._connect = connect
        self._may_open = size
        self._idle: list[C] = []
        self._conns: list[C] = []
        self._closed = False
        self._change = asyncio.Condition()

    def __aenter__(self) -> "asyncio.Future[Pool[C]]":
        ready = asyncio.get_running_loop().create_future()
        ready.set_result(self)
        return ready

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._closed = True
        results = await asyncio.gather(
            *(asyncio.ensure_future(conn.close()) for conn in self._conns),  # type: ignore[attr-defined]
            return_exceptions=True,
        )
        failures = [result for result in results if isinstance(result, Exception)]
        if failures and error is None:
            raise ExceptionGroup("closing failed", failures)

    async def _announce(self) -> None:
        # Nobody awaits anything else while holding the lock, so taking it never suspends.
        async with self._change:
            self._change.notify_all()

    async def _borrow(self) -> C:
        async with self._change:
            await self._change.wait_for(lambda: self._idle or self._may_open)
            if self._idle:
                return self._idle.pop()
            self._may_open -= 1
        try:
            conn = await self._connect()
        except BaseException:
            self._may_open += 1
            await self._announce()
            raise
        self._conns.append(conn)
        return conn

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[C]:
        if self._closed:
            raise RuntimeError("closed")
        conn = await self._borrow()
        try:
            yield conn
        finally:
            self._idle.append(conn)
            await self._announce()


async def rows(pool: Pool[Any], query: str) -> AsyncGenerator[Row, None]:
    async with aclosing(_pages(pool, query)) as pages:
        async for page in pages:
            for row in page:
                yield row


async def _pages(pool: Pool[Any], query: str) -> AsyncGenerator[list[Row], None]:
    cursor: Any = 0
    async with pool.connection() as conn:
        while True:
            page, cursor = await conn.page(query, cursor)
            if cursor is None:
                break
            yield page
    yield page
