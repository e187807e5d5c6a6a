"""The limit is checked only after the first url has been fetched for a try.

Fails: test_limit_below_one_is_refused
Says: limit=0: fetch a was started; expected a ValueError and no request at all.
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
    async def call(url: str) -> T:
        return await fetch(url)

    todo = list(urls)
    tasks: list[asyncio.Task[T]] = []
    running: set[asyncio.Task[T]] = set()
    try:
        while len(tasks) < len(todo) or running:
            while len(tasks) < len(todo):
                task = asyncio.create_task(call(todo[len(tasks)]))
                tasks.append(task)
                running.add(task)
                if len(running) >= limit:
                    break
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            if limit < 1:
                raise ValueError("limit must be at least 1")
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if limit < 1:
        raise ValueError("limit must be at least 1")
    return [task.result() for task in tasks]
