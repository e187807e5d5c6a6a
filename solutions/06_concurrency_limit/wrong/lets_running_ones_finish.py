"""After a failure nothing new is started, but what runs is left to run to its end.

Fails: test_first_failure_cancels_the_rest
Says: 'b' failed at t=2, but fetch a was not cancelled: it ran on until t=8.
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
    waiting = deque(enumerate(urls))
    count = len(waiting)
    results: dict[int, T] = {}
    failures: list[BaseException] = []

    async def worker() -> None:
        while waiting and not failures:
            index, url = waiting.popleft()
            try:
                results[index] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                failures.append(exc)

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, count))]
    await asyncio.gather(*workers, return_exceptions=True)
    if failures:
        raise failures[0]
    return [results[index] for index in range(count)]
