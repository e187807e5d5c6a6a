"""Only what a network is known to raise counts as a failure; everything else ends the call.

Fails: test_failures_are_results
Says: 1 of 8 requests failed, and fetch_limited raised ExceptionGroup: unhandled errors
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
            except OSError as failure:  # TimeoutError and ConnectionError are OSErrors, too
                return failure

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]
