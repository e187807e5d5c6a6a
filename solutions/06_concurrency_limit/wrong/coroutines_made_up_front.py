"""fetch is called for every url at once and only awaited under the semaphore: never awaited after a failure.

Fails: test_first_failure_cancels_the_rest
Says: The coroutine 'fetch' was created and never awaited.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]


async def _together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run them all; the first failure stops the rest and leaves as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise first


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)
    broken = False

    async def one(aw: Awaitable[T]) -> T:
        nonlocal broken
        async with slots:
            if broken:
                raise asyncio.CancelledError
            try:
                return await aw
            except BaseException:
                broken = True
                raise

    prepared = [fetch(url) for url in urls]
    return await _together(one(aw) for aw in prepared)
