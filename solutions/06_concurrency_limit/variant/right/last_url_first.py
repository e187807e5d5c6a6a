"""The urls are taken from the end of the list, by workers that nobody but a flag sends home."""

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
    left = list(enumerate(urls))
    outcomes: list[tuple[int, T | Exception]] = []

    async def worker() -> None:
        while left:
            place, url = left.pop()
            try:
                outcome: T | Exception = await fetch(url)
            except Exception as failure:
                outcome = failure
            outcomes.append((place, outcome))

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(left)))]
    if workers:
        try:
            await asyncio.wait(workers)
        except asyncio.CancelledError:
            left.clear()
            for task in workers:
                task.cancel()
            await asyncio.wait(workers)
            raise
    return [outcome for _, outcome in sorted(outcomes, key=lambda pair: pair[0])]
