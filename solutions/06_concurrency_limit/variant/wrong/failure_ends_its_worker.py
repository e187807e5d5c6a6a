"""A worker whose request fails notes that and goes home; the others have to do its work.

Fails: test_failed_request_frees_its_slot_at_once
Says: From t=1.1875 to t=8 only 1 of 2 slots was in use, while the next url was
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
    outcomes: list[T | Exception | None] = [None] * len(urls)
    todo = iter(enumerate(urls))

    async def worker() -> None:
        try:
            for place, url in todo:
                outcomes[place] = await fetch(url)
        except Exception as failure:
            outcomes[place] = failure

    async with asyncio.TaskGroup() as group:
        for _ in range(limit):
            group.create_task(worker())
    return outcomes
