"""as_completed hands over pairs of place and outcome, as they come; a dict puts them in order again."""

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

    async def one(place: int, url: str) -> tuple[int, T | Exception]:
        async with slots:
            try:
                return place, await fetch(url)
            except Exception as failure:
                return place, failure

    tasks = [asyncio.ensure_future(one(place, url)) for place, url in enumerate(urls)]
    outcomes: dict[int, T | Exception] = {}
    try:
        for next_one in asyncio.as_completed(tasks):
            place, outcome = await next_one
            outcomes[place] = outcome
    finally:
        left = [task for task in tasks if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    return [outcomes[place] for place in range(len(tasks))]
