"""Each task is awaited in a try of its own; the cancellation of the caller reaches only the one that is waited for.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: The caller was cancelled at t=1, but fetch c was not.
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

    tasks = [asyncio.create_task(one(url)) for url in urls]
    outcomes: list[T | Exception] = []
    for task in tasks:
        try:
            outcomes.append(await task)
        except Exception as failure:
            outcomes.append(failure)
    return outcomes
