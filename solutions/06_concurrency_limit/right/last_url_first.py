"""The urls are taken from the end of the list: nobody said in which order requests begin."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    left = list(enumerate(urls))
    results: list[tuple[int, T]] = []

    async def worker() -> None:
        while left:
            place, url = left.pop()
            results.append((place, await fetch(url)))

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(left)))]
    if workers:
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            left.clear()
            for task in workers:
                task.cancel()
            await asyncio.wait(workers)
    # The list of those that failed, in the order of the workers, of which the first to fail is any that failed.
    for task in workers:
        if not task.cancelled() and (failure := task.exception()):
            raise failure
    return [result for _, result in sorted(results, key=lambda pair: pair[0])]
