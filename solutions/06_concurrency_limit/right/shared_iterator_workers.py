"""TaskGroup of workers that share one lazy enumerate iterator; each is started with its first url."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    everything = list(urls)
    return await fetch_limited(everything, fetch, limit=max(1, len(everything)))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit < 1")
    numbered = enumerate(urls)
    results: dict[int, T] = {}
    failure: BaseException | None = None

    async def worker(index: int, url: str) -> None:
        nonlocal failure
        while True:
            try:
                results[index] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                if failure is None:
                    failure = exc
                raise
            if failure is not None:
                return
            following = next(numbered, None)
            if following is None:
                return
            index, url = following

    try:
        async with asyncio.TaskGroup() as group:
            for index, url in islice(numbered, limit):
                if failure is None:
                    group.create_task(worker(index, url))
    except BaseExceptionGroup as caught:
        if failure is None:  # the iterable itself failed
            failure = caught.exceptions[0]
    if failure is not None:
        raise failure
    return [results[index] for index in range(len(results))]
