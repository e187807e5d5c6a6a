"""Kata 07: asynchronous context managers and iterators.

Write the two classes and the function below. Keep their names and signatures; add whatever helpers you like.
All times are seconds of the event loop's clock.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
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
    """Counts from `start` down to 1 for `async for`, and lets `every` seconds pass before each number.

    Each loop over the same object counts from the start, also while another loop is under way.
    """

    def __init__(self, start: int, *, every: float) -> None:
        raise NotImplementedError

    def __aiter__(self) -> AsyncIterator[int]:
        raise NotImplementedError


class Pool:
    """Lends out at most `size` connections. To be used as an asynchronous context manager.

    `await connect()` opens a connection. One is opened only when somebody asks for a connection, none is idle, and
    fewer than `size` are open or being opened. Who asks while all are in use waits until one comes back.

    Leaving the block closes every connection with `await conn.close()`, once each, and waits for it. One `close()`
    that fails keeps no other connection open. What the block raises leaves it as it is, whether a `close()` fails
    or not. The block is left only when no connection is lent and nobody waits for one.
    """

    def __init__(self, connect: Callable[[], Awaitable[Conn]], size: int) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def connection(self) -> AbstractAsyncContextManager[Conn]:
        """Lend a connection to one `async with` block, and to nobody else meanwhile.

        It comes back when the block is left in whatever way, by an exception or a cancellation too, which leaves as
        it is; then it is lent again. When `connect()` fails, its exception leaves, and somebody else may
        try. A caller that is cancelled while it waits, for `connect()` or for its turn, takes no connection away.

        With a pool that has been closed: RuntimeError, here or on entering the block.
        """
        raise NotImplementedError


def rows(pool: Pool, query: str) -> AsyncIterator[Row]:
    """Iterate over all rows of a query, page by page: `page, cursor = await conn.page(query, cursor)`.

    The first cursor is 0, and None says that there are no more pages. An empty page is not the end.
    A page is fetched only when its first row is asked for. A cursor is known only to the connection that gave it,
    so all pages of one iteration come from one connection of the pool.

    The connection is back when the iteration has ended, by its last row or by an exception of `page()`, which leaves
    as it is. The iterator has a method `aclose()`, as asynchronous generators have: who leaves early calls it, and
    then the connection is back too.
    """
    raise NotImplementedError
