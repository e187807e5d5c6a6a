"""A plain gather: when it raises, the other fetches run on behind the caller's back.

Fails: test_first_failure_cancels_the_rest
Says: 'b' failed at t=2 and the call ended at t=2, but fetch a was still running:
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
    failed = False

    async def one(url: str) -> T:
        nonlocal failed
        async with slots:
            if failed:
                raise asyncio.CancelledError
            try:
                return await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException:
                failed = True
                raise

    return list(await asyncio.gather(*(one(url) for url in list(urls))))
