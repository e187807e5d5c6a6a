"""The next fetch begins only when the one before has ended.

Fails: test_fetch_all_runs_all_at_once
Says: At most 1 of 8 requests were in flight at the same time; the call
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return [await fetch(url) for url in urls]


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

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(url)) for url in urls]
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise first
