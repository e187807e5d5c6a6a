"""gather has passed the caller's cancellation on already when the handler cancels everything once more.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: fetch a was cancelled 2 times; the second one interrupted its cleanup.
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

    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
