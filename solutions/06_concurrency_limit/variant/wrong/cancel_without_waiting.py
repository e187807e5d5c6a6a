"""Cancelling is taken for the end: nobody waits for the cleanup.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: Cleaning up took from t=1 to t=3, but the call ended at t=1.
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

    async def one(url: str) -> T | Exception:
        async with slots:
            try:
                return await fetch(url)
            except Exception as failure:
                return failure

    tasks = [asyncio.create_task(one(url)) for url in urls]
    try:
        if tasks:
            await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    return [task.result() for task in tasks]
