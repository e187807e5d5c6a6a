"""Only the fetches in flight are cancelled; the waiting ones move up into their slots.

Fails: test_first_failure_cancels_the_rest
Says: 'b' failed at t=2, but fetch e was started at t=2.5.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

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
    in_flight: set[asyncio.Task[Any]] = set()
    failures: list[BaseException] = []
    stopping = False

    async def one(url: str) -> T:
        nonlocal stopping
        async with slots:
            if stopping:
                raise asyncio.CancelledError
            me = asyncio.current_task()
            assert me is not None
            in_flight.add(me)
            try:
                return await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                if not failures:
                    failures.append(exc)
                    for task in in_flight:
                        if task is not me:
                            task.cancel()
                raise
            finally:
                in_flight.discard(me)

    tasks = [asyncio.create_task(one(url)) for url in list(urls)]
    try:
        if tasks:
            await asyncio.wait(tasks)
    except asyncio.CancelledError:
        stopping = True
        for task in tasks:
            task.cancel()
        raise
    finally:
        await asyncio.gather(*tasks, return_exceptions=True)
    if failures:
        raise failures[0]
    return [task.result() for task in tasks]
