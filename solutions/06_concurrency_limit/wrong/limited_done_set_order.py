"""The results are read from the done sets of asyncio.wait, in no order at all.

Fails: test_limited_results_keep_the_order
Says: fetch_limited returned
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

    tasks = {asyncio.create_task(one(url)) for url in list(urls)}
    if not tasks:
        return []
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            task.result()
    return [task.result() for task in tasks]
