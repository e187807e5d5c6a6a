"""The requests in flight are cancelled, and the workers, which are not, move the next urls up.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: The caller was cancelled at t=1, but fetch e was started at t=3.
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
    urls = list(urls)
    todo = iter(enumerate(urls))
    tasks: list[asyncio.Task[T]] = []
    outcomes: dict[int, T | Exception] = {}

    async def call(url: str) -> T:
        return await fetch(url)

    async def worker() -> None:
        for place, url in todo:
            tasks.append(task := asyncio.create_task(call(url)))
            await asyncio.wait([task])
            if not task.cancelled():
                outcomes[place] = task.exception() or task.result()

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(urls)))]
    try:
        if workers:
            await asyncio.wait(workers)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(workers)
        raise
    return [outcomes[place] for place in range(len(urls))]
