"""Slot workers over a deque, started eagerly where Python can (3.12+), as ordinary tasks elsewhere."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def _start(coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=asyncio.get_running_loop(), eager_start=True)
    return asyncio.create_task(coroutine)


async def _in_slots(urls: list[str], fetch: Callable[[str], Awaitable[T]], slots: int) -> list[T]:
    todo = deque(enumerate(urls))
    results: dict[int, T] = {}
    failures: list[BaseException] = []
    tasks: list[asyncio.Task[None]] = []
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            todo.clear()
            for task in tasks:
                if task is not asyncio.current_task():
                    task.cancel()

    async def slot() -> None:
        while todo:
            index, url = todo.popleft()
            try:
                results[index] = await fetch(url)
            except asyncio.CancelledError:
                return
            except BaseException as exc:
                failures.append(exc)
                stop()

    for _ in range(min(slots, len(urls))):
        if todo:
            tasks.append(_start(slot()))
    interruption: asyncio.CancelledError | None = None
    while any(not task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as exc:
            interruption = exc
            stop()
    if interruption is not None:
        raise interruption
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(urls))]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    tasks = [asyncio.create_task(one(url)) for url in list(urls)]
    # Everybody may finish; only then the first failure, in the order of urls, leaves.
    await asyncio.gather(*tasks, return_exceptions=True)
    return [task.result() for task in tasks]


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit has to be positive")
    return await _in_slots(list(urls), fetch, limit)
