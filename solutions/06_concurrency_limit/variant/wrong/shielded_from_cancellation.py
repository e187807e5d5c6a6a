"""The requests stand behind a shield: a cancelled caller lets them all finish first.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: The caller was cancelled at t=1, but fetch b was not.
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

    async def one(url: str) -> T | Exception:
        async with slots:
            try:
                return await fetch(url)
            except Exception as failure:
                return failure

    work = asyncio.gather(*map(one, urls))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await work
        raise
