"""`urls` is used with len() and an index: a generator is a TypeError.

Fails: test_limited_results_keep_the_order
Says: An exception left the code: TypeError: object of type 'generator' has
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar, cast

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
    todo = cast("list[str]", urls)
    results: dict[int, T] = {}
    upcoming = 0
    broken = False

    async def worker() -> None:
        nonlocal broken, upcoming
        while upcoming < len(todo) and not broken:
            index = upcoming
            upcoming += 1
            try:
                results[index] = await fetch(todo[index])
            except BaseException:
                broken = True
                raise

    await _together(worker() for _ in range(min(limit, len(todo))))
    return [results[index] for index in range(len(todo))]
