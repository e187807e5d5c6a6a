"""The failure leaves inside the ExceptionGroup of the TaskGroup.

Fails: test_first_failure_cancels_the_rest
Says: fetch 'b' raised LookupError: no such page, but fetch_limited raised
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
    broken = False

    async def one(url: str) -> T:
        nonlocal broken
        async with slots:
            if broken:
                raise asyncio.CancelledError
            try:
                return await fetch(url)
            except BaseException:
                broken = True
                raise

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]
