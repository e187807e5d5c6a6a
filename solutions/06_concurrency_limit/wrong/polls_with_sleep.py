"""A dispatcher that finds no free slot sleeps for half a second before it looks again.

Fails: test_freed_slot_is_refilled_at_once
Says: From t=1.1875 to t=1.5 only 1 of 2 slots was in use, while the next url was
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
    tasks: list[asyncio.Task[T]] = []

    async def call(url: str) -> T:
        return await fetch(url)

    try:
        async with asyncio.TaskGroup() as group:
            for url in urls:
                while sum(not task.done() for task in tasks) >= limit:
                    await asyncio.sleep(0.5)
                if any(t.done() and (t.cancelled() or t.exception()) for t in tasks):
                    break
                tasks.append(group.create_task(call(url)))
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise first
