"""The QueueEmpty that ends a worker is caught around the fetch, too.

Fails: test_failures_are_results
Says: fetch 'c' raised QueueEmpty: no page c, but index 2 of the list holds None.
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
    queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    for numbered in enumerate(urls):
        queue.put_nowait(numbered)
    outcomes: dict[int, T | Exception] = {}
    places = queue.qsize()

    async def worker() -> None:
        while True:
            try:
                place, url = queue.get_nowait()
                outcomes[place] = await fetch(url)
            except asyncio.QueueEmpty:
                return
            except Exception as failure:
                outcomes[place] = failure

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(worker())
    return [outcomes.get(place) for place in range(places)]
