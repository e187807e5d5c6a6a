"""Kata 06, variant b, reference: each task keeps its failure for itself, so the TaskGroup hears of none."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    """Fetch every url, all at the same time, and return the results in the order of `urls`."""
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    """Fetch every url with at most `limit` requests in flight, and return the results in the order of `urls`."""
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)

    async def fetch_one(url: str) -> T | Exception:
        async with slots:
            try:
                return await fetch(url)
            except Exception as failure:
                # Also what the cleanup of a cancelled request raises: the group cancels, and needs no more than an end.
                return failure

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch_one(url)) for url in urls]
    return [task.result() for task in tasks]
