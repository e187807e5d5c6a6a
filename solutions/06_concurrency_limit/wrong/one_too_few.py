"""Of the `limit` tasks one is meant as a dispatcher, so only limit - 1 fetches run.

Fails: test_limit_is_kept_and_reached
Says: limit=3 allows 3 requests at once, but never more than 2 were in
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

    async def call(url: str) -> T:
        return await fetch(url)

    todo = list(urls)
    tasks: list[asyncio.Task[T]] = []
    running: set[asyncio.Task[T]] = set()
    try:
        while len(tasks) < len(todo) or running:
            while len(tasks) < len(todo) and len(running) < max(1, limit - 1):
                task = asyncio.create_task(call(todo[len(tasks)]))
                tasks.append(task)
                running.add(task)
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]
