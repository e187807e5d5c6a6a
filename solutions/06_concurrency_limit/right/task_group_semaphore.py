"""TaskGroup with one task per url behind a semaphore; the group around the failure is taken off."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_call(fetch, url)) for url in urls]
    return [task.result() for task in tasks]


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit must be positive")
    slots = asyncio.Semaphore(limit)
    broken = False

    async def one(url: str) -> T:
        nonlocal broken
        async with slots:
            if broken:  # failed in this very turn, the group has not heard of it yet
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
        first = failed.exceptions[0]  # in the order in which they happened
    else:
        return [task.result() for task in tasks]
    raise first  # outside of the handler: no context is tied to it
