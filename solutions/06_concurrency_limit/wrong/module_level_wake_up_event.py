"""The event that wakes the dispatcher lives at module level and is bound to the first loop.

Fails: test_works_in_a_second_event_loop
Says: In a second event loop the call raised RuntimeError:
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


_bell = asyncio.Event()


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")

    async def call(url: str) -> T:
        return await fetch(url)

    def ended(task: asyncio.Task[T]) -> None:
        _bell.set()

    todo = list(urls)
    tasks: list[asyncio.Task[T]] = []
    running: list[asyncio.Task[T]] = []
    try:
        while len(tasks) < len(todo) or running:
            while len(tasks) < len(todo) and len(running) < limit:
                task = asyncio.create_task(call(todo[len(tasks)]))
                task.add_done_callback(ended)
                tasks.append(task)
                running.append(task)
            _bell.clear()
            await _bell.wait()
            for task in [task for task in running if task.done()]:
                task.result()
                running.remove(task)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return [task.result() for task in tasks]
