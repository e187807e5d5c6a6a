"""The slots of failed requests are filled up when all that ran together have ended.

Fails: test_failed_request_frees_its_slot_at_once
Says: only 1 of 2 slots was in use, while the next url was
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
    todo = list(enumerate(urls))[::-1]
    outcomes: dict[int, T | Exception] = {}
    places = len(todo)

    async def worker() -> None:
        while todo:
            place, url = todo.pop()
            try:
                outcomes[place] = await fetch(url)
            except Exception as failure:
                outcomes[place] = failure
                return

    while todo:
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(worker())
    return [outcomes[place] for place in range(places)]
