"""`urls` is walked through a second time for the results; a generator is empty by then.

Fails: test_limited_results_keep_the_order
Says: fetch_limited returned [], expected ['A', 'B', None, 'D', 'E', 'F',
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]


async def _together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run them all; the first failure stops the rest and leaves as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as failed:
        first = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise first


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    waiting = deque(enumerate(urls))
    results: dict[int, T] = {}
    broken = False

    async def worker() -> None:
        nonlocal broken
        while waiting and not broken:
            index, url = waiting.popleft()
            try:
                results[index] = await fetch(url)
            except BaseException:
                broken = True
                raise

    await _together(worker() for _ in range(min(limit, len(waiting))))
    return [results[index] for index, _ in enumerate(urls)]
