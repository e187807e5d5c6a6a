"""Workers share one iterator; after a failure each asks its task whether it was cancelled meanwhile."""

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
    numbered = list(enumerate(urls))
    todo = iter(numbered)
    outcomes: dict[int, T | Exception] = {}

    async def worker() -> None:
        me = asyncio.current_task()
        for place, url in todo:
            try:
                outcomes[place] = await fetch(url)
            except Exception as failure:
                if me is None or me.cancelling():
                    raise asyncio.CancelledError from failure
                outcomes[place] = failure

    async with asyncio.TaskGroup() as group:
        for _ in range(min(limit, len(numbered))):
            group.create_task(worker())
    return [outcomes[place] for place in range(len(numbered))]
