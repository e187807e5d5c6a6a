"""The list holds what went well, and no places for what did not.

Fails: test_failures_are_results
Says: 8 urls were given, and 3 of the requests failed: fetch_limited returned ['A', None,
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)

    async def one(url: str) -> T:
        async with slots:
            return await fetch(url)

    outcomes = await asyncio.gather(*map(one, urls), return_exceptions=True)
    return [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
