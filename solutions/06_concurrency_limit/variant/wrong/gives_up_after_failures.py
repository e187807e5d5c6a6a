"""After two failures the server is taken for dead, and the rest is given up.

Fails: test_failures_are_results
Says: 2 of 8 requests failed, and these were never fetched: g, h.
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
    failures = 0

    async def one(url: str) -> T | Exception:
        nonlocal failures
        async with slots:
            if failures >= 2:
                return ConnectionError("given up")
            try:
                return await fetch(url)
            except Exception as failure:
                failures += 1
                return failure

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]
