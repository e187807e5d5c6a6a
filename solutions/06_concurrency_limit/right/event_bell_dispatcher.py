"""A dispatcher sleeps on an asyncio.Event that every ending fetch rings; an exit stack winds it up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import TypeVar

T = TypeVar("T")


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        waiting = asyncio.ensure_future(asyncio.wait(tasks))
        broken_off = False
        while not waiting.done():
            try:
                await asyncio.shield(waiting)
            except asyncio.CancelledError:
                broken_off = True
        if broken_off:
            raise asyncio.CancelledError


async def _dispatch(urls: list[str], fetch: Callable[[str], Awaitable[T]], places: int) -> list[T]:
    bell = asyncio.Event()
    free = places
    results: dict[int, T] = {}
    failures: list[BaseException] = []
    tasks: list[asyncio.Task[None]] = []

    async def one(index: int, url: str) -> None:
        nonlocal free
        try:
            results[index] = await fetch(url)
        except asyncio.CancelledError:
            raise
        except BaseException as exc:
            failures.append(exc)
        free += 1
        bell.set()

    async with AsyncExitStack() as stack:
        stack.push_async_callback(_stop, tasks)
        while len(results) < len(urls) and not failures:
            if free and len(tasks) < len(urls):
                free -= 1
                tasks.append(asyncio.create_task(one(len(tasks), urls[len(tasks)])))
            else:
                await bell.wait()
                bell.clear()
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(urls))]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _dispatch(todo, fetch, len(todo))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit < 1")
    return await _dispatch(list(urls), fetch, limit)
