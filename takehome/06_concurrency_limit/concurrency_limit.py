"""Kata 06: limit what runs at once.

Write the two functions below. Keep their names and signatures; add whatever helpers you like.
`fetch` stands for any slow request: `await fetch(url)` gives its result, or raises.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    """Fetch every url, all at the same time, and return the results in the order of `urls`."""
    raise NotImplementedError


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    """Fetch every url with at most `limit` requests in flight, and return the results in the order of `urls`.

    As long as urls are left, `limit` requests are in flight: a slot that becomes free is used at once.
    `urls` may be any iterable, also a generator, and empty; a url that occurs twice is fetched twice.

    A request that fails stops nothing and is not tried again. The very exception it raised stands in the list as
    its result, whatever Exception that is, and its slot is free for the next url. So it is when all of them fail.
    A request raises CancelledError only after it was cancelled.

    Cancelling the caller cancels each request in flight once, starts no further one, waits for all their cleanup,
    and leaves as CancelledError: also when the cleanup of a request raises an exception.
    Nothing is left behind: no task outlives the call, and none has an exception that nobody looked at.

    Raises ValueError if `limit` is less than 1, before anything is fetched.
    """
    raise NotImplementedError
