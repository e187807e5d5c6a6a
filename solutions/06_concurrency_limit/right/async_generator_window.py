"""An async generator yields ended tasks with their index from a moving window; its finally clears up."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


async def _window(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], size: int
) -> AsyncGenerator[tuple[int, asyncio.Task[T]], None]:
    numbered = enumerate(urls)
    running: dict[asyncio.Task[T], int] = {}
    try:
        while True:
            for index, url in islice(numbered, size - len(running)):
                running[asyncio.create_task(_call(fetch, url))] = index
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in running if task in done]:
                yield running[task], task
                del running[task]
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _sorted_pairs(pairs: AsyncGenerator[tuple[int, asyncio.Task[T]], None]) -> list[T]:
    found: dict[int, T] = {}
    async with aclosing(pairs):
        async for index, task in pairs:
            found[index] = task.result()  # here a failure leaves
    return [found[index] for index in sorted(found)]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _sorted_pairs(_window(todo, fetch, len(todo)))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"cannot work with limit {limit}")
    return await _sorted_pairs(_window(urls, fetch, limit))
