"""The IndexError that ends a worker is caught around the fetch too: a fetch that raises one ends it silently.

Fails: test_whatever_fails_ends_the_call
Says: Every request failed with one like IndexError: a, but fetch_limited
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
    count = len(waiting)
    results: dict[int, T] = {}
    broken = False

    async def worker() -> None:
        nonlocal broken
        while not broken:
            try:
                index, url = waiting.popleft()
                results[index] = await fetch(url)
            except IndexError:
                return
            except BaseException:
                broken = True
                raise

    await _together(worker() for _ in range(min(limit, count)))
    return [results[index] for index in sorted(results)]
