"""Without urls asyncio.wait is given an empty collection and raises ValueError.

Fails: test_no_urls_give_an_empty_list
Says: An exception left the code: ValueError: Set of Tasks/Futures is empty.
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
    failures: list[BaseException] = []

    async def one(url: str) -> T:
        async with slots:
            if failures:
                raise asyncio.CancelledError
            try:
                return await fetch(url)
            except BaseException as exc:
                failures.append(exc)
                raise

    tasks = [asyncio.create_task(one(url)) for url in list(urls)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failures:
        raise failures[0]
    return [task.result() for task in tasks]
