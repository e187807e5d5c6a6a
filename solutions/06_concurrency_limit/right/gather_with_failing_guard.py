"""gather over guarded calls: the first call that fails cancels its siblings itself; a semaphore caps them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Iterable, TypeVar

T = TypeVar("T")


async def _gather_or_stop(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    failures: list[BaseException] = []
    tasks: list[asyncio.Task[T]] = []

    async def guarded(call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except asyncio.CancelledError:
            raise
        except BaseException as exc:
            if not failures:
                failures.append(exc)
                me = asyncio.current_task()
                for task in tasks:
                    if task is not me:
                        task.cancel()
            raise

    for call in calls:
        if failures:
            break
        tasks.append(asyncio.create_task(guarded(call)))
    # return_exceptions: gather then ends only when every single child has ended,
    # also when the caller is cancelled (gather passes that on to each child).
    await asyncio.gather(*tasks, return_exceptions=True)
    if failures:
        raise failures[0]
    return [task.result() for task in tasks]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    def call_for(url: str) -> Callable[[], Awaitable[T]]:
        return lambda: fetch(url)

    return await _gather_or_stop([call_for(url) for url in urls])


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    slots = asyncio.Semaphore(limit)

    def call_for(url: str) -> Callable[[], Awaitable[T]]:
        async def in_a_slot() -> T:
            async with slots:
                return await fetch(url)

        return in_a_slot

    return await _gather_or_stop([call_for(url) for url in urls])
