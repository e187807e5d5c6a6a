"""A filled asyncio.Queue emptied by `limit` workers, watched with asyncio.wait(FIRST_EXCEPTION)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def _work_off(urls: list[str], fetch: Callable[[str], Awaitable[T]], workers: int) -> list[T]:
    if not urls:
        return []
    queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    for numbered in enumerate(urls):
        queue.put_nowait(numbered)
    results: dict[int, T] = {}
    failures: list[BaseException] = []

    async def worker() -> None:
        while not failures:
            try:
                index, url = queue.get_nowait()
            except asyncio.QueueEmpty:
                return
            try:
                results[index] = await fetch(url)
            except asyncio.CancelledError:
                raise
            except BaseException as exc:
                failures.append(exc)
                raise

    tasks = [asyncio.create_task(worker()) for _ in range(min(workers, len(urls)))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if failures:
        raise failures[0]
    return [results[index] for index in range(len(urls))]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _work_off(todo, fetch, len(todo))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit: {limit} < 1")
    return await _work_off(list(urls), fetch, limit)
