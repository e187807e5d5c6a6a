"""One loop around asyncio.wait(FIRST_COMPLETED) that keeps a dict of running tasks filled up to the limit."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


async def _window(urls: list[str], fetch: Callable[[str], Awaitable[T]], size: int) -> list[T]:
    results: dict[int, T] = {}
    running: dict[asyncio.Task[T], int] = {}
    upcoming = 0
    try:
        while upcoming < len(urls) or running:
            while upcoming < len(urls) and len(running) < size:
                task = asyncio.create_task(_call(fetch, urls[upcoming]))
                running[task] = upcoming
                upcoming += 1
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in running if task in done]:
                results[running[task]] = task.result()  # a failure leaves from here
                del running[task]
    finally:
        for task in running:
            task.cancel()
        # The tasks are told to stop only once, however often we are interrupted here.
        interrupted: asyncio.CancelledError | None = None
        pending = set(running)
        while pending:
            try:
                _, pending = await asyncio.wait(pending)
            except asyncio.CancelledError as exc:
                interrupted = exc
                pending = {task for task in pending if not task.done()}
        for task in running:
            if not task.cancelled():
                task.exception()  # marks it as seen
        if interrupted is not None:
            raise interrupted
    return [results[index] for index in range(len(urls))]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _window(todo, fetch, len(todo))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("the limit has to be 1 or more")
    return await _window(list(urls), fetch, limit)
