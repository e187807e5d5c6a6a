"""The workers append each result when it arrives.

Fails: test_limited_results_keep_the_order
Says: fetch_limited returned ['D', None, 'B', 'A', 'E', 'F', 'G', 'H'],
"""

import asyncio
from collections import deque
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
    todo = deque(urls)
    results: list[T] = []
    failure: BaseException | None = None

    async def worker() -> None:
        nonlocal failure
        while todo and failure is None:
            url = todo.popleft()
            try:
                results.append(await fetch(url))
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                if failure is None:
                    failure = exc
                raise

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limit, len(todo))):
                group.create_task(worker())
    except BaseExceptionGroup:
        pass
    if failure is not None:
        raise failure
    return results
