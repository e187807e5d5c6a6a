"""What fetch gives is handed straight to create_task, which takes coroutines only.

Fails: test_limited_results_keep_the_order
Says: fetch(url) gave a future instead of a coroutine, and fetch_limited raised
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*[fetch(url) for url in urls]))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit has to be at least 1, not {limit}")

    rest = iter(urls)
    more = True
    tasks: list[asyncio.Task[T]] = []
    flying: set[asyncio.Task[T]] = set()
    failed: list[asyncio.Task[T]] = []

    def ended(task: asyncio.Task[T]) -> None:
        if task.cancelled() or task.exception() is not None:
            failed.append(task)

    try:
        while True:
            while more and len(flying) < limit:
                try:
                    url = next(rest)
                except StopIteration:
                    more = False
                    break
                task = asyncio.create_task(fetch(url))
                task.add_done_callback(ended)
                tasks.append(task)
                flying.add(task)
            if not flying:
                return [task.result() for task in tasks]
            _, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            if failed:
                break
    finally:
        for task in flying:
            task.cancel()
        if flying:
            await asyncio.wait(flying)
    return [failed[0].result()]
