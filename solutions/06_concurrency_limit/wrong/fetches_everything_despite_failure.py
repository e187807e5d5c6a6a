"""gather(return_exceptions=True) fetches all urls before the first exception is looked for.

Fails: test_first_failure_cancels_the_rest
Says: 'b' failed at t=2, but fetch e was started at t=8.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)

    async def one(url: str) -> T:
        async with slots:
            return await fetch(url)

    tasks = [asyncio.create_task(one(url)) for url in list(urls)]
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        task.result()
    return [task.result() for task in tasks]
