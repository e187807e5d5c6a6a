"""as_completed only as the alarm for the first failure; results are read from the tasks, in url order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def _collect(tasks: list[asyncio.Task[T]]) -> list[T]:
    try:
        for nearest in asyncio.as_completed(tasks):
            await nearest
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [task.result() for task in tasks]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    return await _collect([asyncio.create_task(one(url)) for url in list(urls)])


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit < 1")
    slots = asyncio.Semaphore(limit)
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    failed = False

    async def one(url: str) -> T:
        nonlocal failed
        async with slots:
            if failed:
                await never  # no new fetch; the cancellation is on its way
            try:
                return await fetch(url)
            except BaseException:
                failed = True
                raise

    return await _collect([asyncio.create_task(one(url)) for url in list(urls)])
