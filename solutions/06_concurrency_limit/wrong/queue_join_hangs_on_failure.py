"""A worker that fails never calls task_done, so queue.join() waits for ever.

Fails: test_first_failure_cancels_the_rest
Says: Every task waits and nothing can wake them: at t=3 there is no timer,
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
    queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    for numbered in enumerate(urls):
        queue.put_nowait(numbered)
    count = queue.qsize()
    results: dict[int, T] = {}
    failures: list[BaseException] = []

    async def worker() -> None:
        while True:
            index, url = await queue.get()
            try:
                results[index] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                failures.append(exc)
                for task in workers:
                    if task is not asyncio.current_task():
                        task.cancel()
                raise
            queue.task_done()

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, count))]
    try:
        await queue.join()
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if failures:
        raise failures[0]
    return [results[index] for index in range(count)]
