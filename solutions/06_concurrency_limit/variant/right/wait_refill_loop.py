"""One loop around asyncio.wait(FIRST_COMPLETED) keeps the window full; failures stay in their tasks until the end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


def _outcome(task: asyncio.Task[T]) -> T | Exception:
    failure = task.exception()
    if isinstance(failure, Exception):
        return failure
    return task.result()


async def _drain(tasks: list[asyncio.Task[T]]) -> None:
    """Cancel once whoever still runs, wait to the end, and look at every exception."""
    running = {task for task in tasks if not task.done()}
    for task in running:
        task.cancel()
    if running:
        await asyncio.wait(running)
    for task in tasks:
        if not task.cancelled():
            task.exception()


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    waiting = list(urls)[::-1]
    tasks: list[asyncio.Task[T]] = []
    running: set[asyncio.Task[T]] = set()
    try:
        while waiting or running:
            while waiting and len(running) < limit:
                tasks.append(asyncio.create_task(_call(fetch, waiting.pop())))
                running.add(tasks[-1])
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _drain(tasks)
    return [_outcome(task) for task in tasks]
