"""However many fetches have ended when the loop wakes up, it starts only one new one.

Fails: test_freed_slot_is_refilled_at_once
Says: From t=9 to t=10 only 1 of 2 slots was in use, while the next url was still
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
        for url in todo[:limit]:
            task = asyncio.create_task(call(url))
            tasks.append(task)
            running.add(task)
        while running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if len(tasks) < len(todo):
                task = asyncio.create_task(call(todo[len(tasks)]))
                tasks.append(task)
                running.add(task)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]
