"""The failures are kept by place, and the one of the earliest url leaves, not the one that came first.

Fails: test_whatever_fails_ends_the_call
Says: 'b' failed with LookupError: no such page; the others, which were
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    todo = list(urls)
    queue = iter(enumerate(todo))
    results: dict[int, T] = {}
    failures: dict[int, BaseException] = {}

    async def worker() -> None:
        for place, url in queue:
            try:
                results[place] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                failures[place] = exc
                raise
            if failures:
                return

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limit, len(todo))):
                group.create_task(worker())
    except BaseExceptionGroup:
        pass
    if failures:
        raise failures[min(failures)]
    return [results[place] for place in range(len(todo))]
