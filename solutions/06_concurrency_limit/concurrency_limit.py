"""Kata 06, reference: a TaskGroup, a semaphore shared by all, and the group unwrapped at the door."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    """Fetch every url, all at the same time, and return the results in the order of `urls`."""
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    """Fetch every url with at most `limit` requests in flight, and return the results in the order of `urls`."""
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)

    async def fetch_one(url: str) -> T:
        async with slots:
            return await fetch(url)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetch_one(url)) for url in urls]
    except BaseExceptionGroup as failures:
        # The first to fail; if a fetch raised a group of its own, that group is what the caller wants.
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
