"""Cancelled tasks are awaited one by one, and only CancelledError is expected of them.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: the cleanup of a request raised ConnectionError at t=5, and fetch_limited raised ConnectionError: connection lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)

    async def one(url: str) -> T:
        async with slots:
            return await fetch(url)

    tasks = [asyncio.create_task(one(url)) for url in urls]
    try:
        if tasks:
            await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        failed_before = [task for task in tasks if not task.cancelled() and isinstance(task.exception(), LookupError)]
        for task in tasks:
            if task not in failed_before:
                try:
                    await task
                except asyncio.CancelledError:
                    pass
        raise
    return [task.exception() or task.result() for task in tasks]
