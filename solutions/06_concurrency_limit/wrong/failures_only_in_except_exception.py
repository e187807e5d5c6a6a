"""The clearing up is in `except Exception`, which a CancelledError passes by.

Fails: test_cancelling_the_caller_cancels_each_request_once
Says: The caller was cancelled at t=1, but fetch a was not.
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

    pending = set(tasks)
    try:
        while pending:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
            if failures:
                raise failures[0]
    except Exception:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [task.result() for task in tasks]
