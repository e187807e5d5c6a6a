"""The cancelled tasks are gathered without return_exceptions: one that fails ends the waiting for the others.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: that of the others took until t=6, but the call ended at t=5.
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
    todo = list(enumerate(urls))[::-1]
    outcomes: dict[int, T | Exception] = {}
    requests: set[asyncio.Task[None]] = set()

    async def request(place: int, url: str) -> None:
        outcomes[place] = await fetch(url)

    async def worker() -> None:
        while todo:
            place, url = todo.pop()
            task = asyncio.create_task(request(place, url))
            requests.add(task)
            await asyncio.wait([task])
            requests.discard(task)
            if not task.cancelled() and (failure := task.exception()) is not None:
                outcomes[place] = failure

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(urls)))]
    try:
        await asyncio.gather(*workers)
    except asyncio.CancelledError:
        todo.clear()
        left = list(requests)
        for task in left:
            task.cancel()
        try:
            await asyncio.gather(*left)
        except (Exception, asyncio.CancelledError):
            pass
        raise
    return [outcomes[place] for place in range(len(urls))]
