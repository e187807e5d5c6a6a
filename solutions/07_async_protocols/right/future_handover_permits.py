"""A FIFO of futures; what comes back is handed straight to who waits longest; TaskGroup closes; hand-written awaits."""

import asyncio
import types
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
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


@types.coroutine
def _pause(seconds: float) -> Generator[Any, None, None]:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_at(loop.time() + seconds, _ring, over)
    try:
        yield from over
    finally:
        timer.cancel()


class Countdown:
    """Each `__aiter__` is a fresh Countdown that counts itself down; the object itself never changes."""

    def __init__(self, start: int, *, every: float) -> None:
        self._left = start
        self._every = every

    def __aiter__(self) -> AsyncIterator[int]:
        return _Running(self._left, every=self._every)


class _Running(Countdown):
    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        if self._left <= 0:
            raise StopAsyncIteration
        await _pause(self._every)
        self._left -= 1
        return self._left + 1


class _Permit:
    """The right to a connection: an open one, or a place for a new one."""

    def __init__(self, conn: Conn | None = None) -> None:
        self.conn = conn


class _Loan(AbstractAsyncContextManager[Conn]):
    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def __aenter__(self) -> Conn:
        self._permit = await self._pool._permit()
        if self._permit.conn is None:
            try:
                self._permit.conn = await self._pool._connect()
            finally:
                if self._permit.conn is None:
                    self._pool._hand_on(self._permit)
        return self._permit.conn

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool._hand_on(self._permit)


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect = connect
        # Open connections on the right end, empty places on the left.
        self._permits = deque(_Permit() for _ in range(size))
        self._queue: deque[asyncio.Future[_Permit]] = deque()
        self._open = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open = False
        errors: list[Exception] = []

        async def close(conn: Conn) -> None:
            try:
                await conn.close()
            except Exception as error:
                errors.append(error)

        async with asyncio.TaskGroup() as group:
            while self._permits:
                permit = self._permits.pop()
                if permit.conn is not None:
                    group.create_task(close(permit.conn))
        if errors and exc is None:
            raise errors[0]

    def connection(self) -> AbstractAsyncContextManager[Conn]:
        if not self._open:
            raise RuntimeError("connection() on a closed pool")
        return _Loan(self)

    async def _permit(self) -> _Permit:
        if not self._open:
            raise RuntimeError("the pool was closed in the meantime")
        if self._permits:
            return self._permits.pop()
        turn: asyncio.Future[_Permit] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._hand_on(turn.result())  # it was our turn at the very moment of the cancellation
            elif turn in self._queue:
                self._queue.remove(turn)
            raise

    def _hand_on(self, permit: _Permit) -> None:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():  # else its task has been cancelled
                turn.set_result(permit)
                return
        if permit.conn is None:
            self._permits.appendleft(permit)
        else:
            self._permits.append(permit)


async def _pages(conn: Conn, query: str) -> AsyncGenerator[Sequence[Row], None]:
    cursor: int | None = 0
    while cursor is not None:
        page, cursor = await conn.page(query, cursor)
        yield page


async def _rows(pool: Pool, query: str) -> AsyncGenerator[Row, None]:
    async with pool.connection() as conn, aclosing(_pages(conn, query)) as pages:
        async for page in pages:
            for row in page:
                yield row


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    return _rows(pool, query)
