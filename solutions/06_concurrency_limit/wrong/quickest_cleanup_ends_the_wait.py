"""The cancelled workers are gathered without return_exceptions: the quickest cleanup ends the waiting for all.

Fails: test_first_failure_cancels_the_rest
Says: The call ended at t=2.5, but fetch c, which had been cancelled, was still
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
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
    todo = list(urls)
    queue = iter(enumerate(todo))
    results: dict[int, T] = {}
    failures: list[BaseException] = []

    async def worker() -> None:
        for place, url in queue:
            try:
                results[place] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                failures.append(exc)
                return
            if failures:
                return

    workers = [asyncio.create_task(worker()) for _ in range(min(limit, len(todo)))]
    try:
        while not failures and (rest := [task for task in workers if not task.done()]):
            await asyncio.wait(rest, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in workers:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*workers)
    if failures:
        raise failures[0]
    return [results[place] for place in range(len(todo))]
