"""A cancelled request whose cleanup raises looks like any failed one: its worker takes the next url.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: the cleanup of a request raised ConnectionError at t=5, and fetch d was started at t=5.
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
    outcomes: dict[int, T | Exception] = {}

    async def worker() -> None:
        for place, url in todo:
            try:
                outcomes[place] = await fetch(url)
            except Exception as failure:
                outcomes[place] = failure

    async with asyncio.TaskGroup() as group:
        for _ in range(min(limit, len(urls))):
            group.create_task(worker())
    return [outcomes[place] for place in range(len(urls))]
