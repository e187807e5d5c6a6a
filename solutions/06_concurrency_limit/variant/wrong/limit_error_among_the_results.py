"""A bad limit is treated like a failed request: its ValueError stands in the list.

Fails: test_limit_below_one_is_refused
Says: limit=0: fetch_limited returned [ValueError('limit below 1'), ValueError('limit below 1')], expected a ValueError.
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
    slots = asyncio.Semaphore(max(limit, 1))

    async def one(url: str) -> T | Exception:
        async with slots:
            try:
                if limit < 1:
                    raise ValueError("limit below 1")
                return await fetch(url)
            except Exception as failure:
                return failure

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]
