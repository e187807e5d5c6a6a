"""A producer inside a TaskGroup takes a permit from a queue for each task; done callbacks put it back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


async def _produce(urls: list[str], fetch: Callable[[str], Awaitable[T]], permits: asyncio.Queue[None]) -> list[T]:
    def give_back(task: asyncio.Task[Any]) -> None:
        permits.put_nowait(None)

    tasks: list[asyncio.Task[T]] = []
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for url in urls:
                await permits.get()
                task = group.create_task(_call(fetch, url))
                task.add_done_callback(give_back)
                tasks.append(task)
    except BaseExceptionGroup as failures:
        failure = failures.exceptions[0]
    if failure is not None:
        raise failure
    return [task.result() for task in tasks]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    permits: asyncio.Queue[None] = asyncio.Queue()
    for _ in todo:
        permits.put_nowait(None)
    return await _produce(todo, fetch, permits)


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("no permits at all: limit < 1")
    todo = list(urls)
    permits: asyncio.Queue[None] = asyncio.Queue()
    for _ in range(min(limit, len(todo))):
        permits.put_nowait(None)
    return await _produce(todo, fetch, permits)
