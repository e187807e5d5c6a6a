"""except BaseException keeps CancelledError as an outcome, and the worker goes on with the next url.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: The caller was cancelled, but fetch_limited returned [LookupError('a'),
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
    outcomes: dict[int, T | BaseException] = {}

    async def worker() -> None:
        for place, url in todo:
            try:
                outcomes[place] = await fetch(url)
            except BaseException as failure:
                outcomes[place] = failure

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(urls)))]
    for task in workers:
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
    return [outcomes[place] for place in range(len(urls))]
