"""asyncio.Condition around a hand-kept counter of fetches in flight, tasks in a TaskGroup."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def _group(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    tasks: list[asyncio.Task[T]] = []
    reason: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for coroutine in coroutines:
                tasks.append(group.create_task(coroutine))
    except BaseExceptionGroup as several:
        reason = several.exceptions[0]
    if reason is not None:
        raise reason
    return [task.result() for task in tasks]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    async def one(url: str) -> T:
        return await fetch(url)

    return await _group(one(url) for url in urls)


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit must not be below 1")
    room = asyncio.Condition()
    in_flight = 0
    broken = False

    def may_start() -> bool:
        return in_flight < limit and not broken

    async def one(url: str) -> T:
        nonlocal in_flight, broken
        async with room:
            await room.wait_for(may_start)
            in_flight += 1
        try:
            result = await fetch(url)
        except BaseException:
            broken = True  # whoever still waits will be cancelled by the group
            raise
        in_flight -= 1
        async with room:
            room.notify()
        return result

    return await _group(one(url) for url in urls)
