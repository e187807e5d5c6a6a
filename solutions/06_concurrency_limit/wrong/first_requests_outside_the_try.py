"""The first requests are made before the `try`: where calling fetch raises, the workers already made run on.

Fails: test_whatever_fails_ends_the_call
Says: fetch('b') raised at once, without giving anything to await. The call
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
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
    queue = iter(enumerate(urls))
    results: dict[int, T] = {}
    failures: list[BaseException] = []

    async def worker(place: int, request: Awaitable[T]) -> None:
        try:
            results[place] = await request
            while not failures and (following := next(queue, None)) is not None:
                place, url = following
                results[place] = await fetch(url)
        except asyncio.CancelledError:
            raise
        except BaseException as exc:
            failures.append(exc)
            raise

    workers = [asyncio.create_task(worker(place, fetch(url))) for place, url in islice(queue, limit)]
    if not workers:
        return []
    try:
        await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in workers:
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    if failures:
        raise failures[0]
    return [results[place] for place in sorted(results)]
