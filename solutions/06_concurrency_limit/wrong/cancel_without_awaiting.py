"""The rest is told to stop, but the call does not wait until it has.

Fails: test_first_failure_cancels_the_rest
Says: The call ended at t=2, but fetch a, which had been cancelled, was still
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
    slots = asyncio.Semaphore(limit)
    failures: list[BaseException] = []

    async def one(url: str) -> T:
        async with slots:
            if failures:
                raise asyncio.CancelledError
            try:
                return await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                failures.append(exc)
                raise

    tasks = [asyncio.create_task(one(url)) for url in list(urls)]
    if not tasks:
        return []

    def forget(task: asyncio.Task[T]) -> None:
        if not task.cancelled():
            task.exception()

    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.add_done_callback(forget)
            task.cancel()
    if failures:
        raise failures[0]
    return [task.result() for task in tasks]
