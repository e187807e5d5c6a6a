"""No asynchronous generator and few `async def`: the methods return objects with an `__await__` of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, Self

Row = Any


class Conn(Protocol):
    """A connection to a database."""

    async def page(self, query: str, cursor: int) -> tuple[Sequence[Row], int | None]: ...

    async def close(self) -> None: ...


class _Steps:
    """Awaits by running a generator: `await _Steps(function, *args)`."""

    def __init__(self, function: Callable[..., Generator[Any, Any, Any]], *args: Any) -> None:
        self._function, self._args = function, args

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._function(*self._args)


def _value(awaitable: Awaitable[Any]) -> Generator[Any, Any, Any]:
    """`yield from _value(a)` in a generator is what `await a` is in a coroutine."""

    async def wait() -> Any:
        return await awaitable

    return wait().__await__()


class Countdown:
    def __init__(self, start: int, *, every: float) -> None:
        self.start, self.every = start, every

    def __aiter__(self) -> AsyncIterator[int]:
        return (await asyncio.sleep(self.every, number) for number in range(self.start, 0, -1))


class _Signal:
    """Wakes all who wait; each of them then looks for itself whether there is anything for it."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def __await__(self) -> Generator[Any, Any, None]:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            yield from waiter.__await__()
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class _Lease:
    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    def __aenter__(self) -> Awaitable[Conn]:
        return _Steps(self._enter)

    def _enter(self) -> Generator[Any, Any, Conn]:
        self._conn = yield from self._pool._acquire()
        return self._conn

    def __aexit__(self, *_: object) -> Awaitable[None]:
        return _Steps(self._exit)

    def _exit(self) -> Generator[Any, Any, None]:
        self._pool._release(self._conn)
        return
        yield  # makes it a generator


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        self._connect, self._size = connect, size
        self._open = 0
        self._idle: list[Conn] = []
        self._changed = _Signal()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closed = True
        outcomes: list[BaseException | None] = []
        finished = _Signal()
        conns, self._idle = self._idle, []

        async def close(conn: Conn) -> None:
            try:
                await conn.close()
                outcomes.append(None)
            except BaseException as error:
                outcomes.append(error)

        tasks = [asyncio.ensure_future(close(conn)) for conn in conns]
        for task in tasks:
            task.add_done_callback(lambda _: finished.wake())
        cancelled = False
        while not all(task.done() for task in tasks):
            try:
                await finished
            except asyncio.CancelledError:
                cancelled = True
        if exc is None and cancelled:
            raise asyncio.CancelledError
        errors = [outcome for outcome in outcomes if outcome is not None]
        if exc is None and errors:
            raise BaseExceptionGroup("close() failed", errors)

    def connection(self) -> AbstractAsyncContextManager[Conn]:
        return _Lease(self)

    def _acquire(self) -> Generator[Any, Any, Conn]:
        while True:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._idle:
                return self._idle.pop()
            if self._open < self._size:
                break
            yield from self._changed.__await__()
        self._open += 1
        opening = None
        try:
            opening = self._connect()
            return (yield from _value(opening))
        except BaseException:
            if asyncio.isfuture(opening) and opening.done() and not opening.cancelled() and not opening.exception():
                self._idle.append(opening.result())
            else:
                self._open -= 1
            self._changed.wake()
            raise

    def _release(self, conn: Conn) -> None:
        self._idle.append(conn)
        self._changed.wake()


class _Rows:
    """Keeps its connection only until it has the last page."""

    def __init__(self, pool: Pool, query: str) -> None:
        self._page: list[Row] = []
        self._leave: Callable[[], Awaitable[None]] | None = None
        self._busy = False
        self._steps = self._pages(pool, query)
        self._step: Callable[[], Awaitable[Any]] | None = next(self._steps)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[Row]:
        return _Steps(self._alone, self._next)

    def aclose(self) -> Awaitable[None]:
        return _Steps(self._alone, self._end)

    def _pages(self, pool: Pool, query: str) -> Generator[Callable[[], Awaitable[Any]], Any, None]:
        """Yields what has to be called and awaited next, and is sent the result of that."""
        conn = yield lambda: self._enter(pool)
        cursor: int | None = 0
        while cursor is not None:
            page, cursor = yield lambda: conn.page(query, cursor)
            self._page.extend(page)

    async def _enter(self, pool: Pool) -> Conn:
        lease = pool.connection()
        conn = await lease.__aenter__()
        self._leave = lambda: lease.__aexit__(None, None, None)
        return conn

    def _alone(self, function: Callable[[], Generator[Any, Any, Any]]) -> Generator[Any, Any, Any]:
        if self._busy:
            raise RuntimeError("somebody else is waiting for a row")
        self._busy = True
        try:
            return (yield from function())
        finally:
            self._busy = False

    def _next(self) -> Generator[Any, Any, Row]:
        try:
            while self._step is not None and not self._page:
                result = yield from _value(self._step())
                try:
                    self._step = self._steps.send(result)
                except StopIteration:
                    yield from self._give_back()
        except BaseException:
            yield from self._end()
            raise
        if not self._page:
            raise StopAsyncIteration
        return self._page.pop(0)

    def _end(self) -> Generator[Any, Any, None]:
        self._page.clear()
        self._steps.close()
        yield from self._give_back()

    def _give_back(self) -> Generator[Any, Any, None]:
        self._step = None
        leave, self._leave = self._leave, None
        if leave is not None:
            yield from _value(leave())


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    return _Rows(pool, query)
