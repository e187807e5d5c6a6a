"""An async generator yields (index, result) as fetches complete and refills; its finally cleans up (aclosing)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def _bury(tasks: "Iterable[asyncio.Task[T]]") -> None:
    """Cancel each once, and wait until all have ended, however often the waiting is cancelled itself."""
    pending = {task for task in tasks if task.cancel()}
    interruption: asyncio.CancelledError | None = None
    while pending:
        try:
            _, pending = await asyncio.wait(pending)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption


async def _completions(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], limit: float
) -> AsyncIterator[tuple[int, T]]:
    landed: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()
    flying: dict[asyncio.Task[T], int] = {}

    async def fly(url: str) -> T:
        return await fetch(url)

    def land(task: "asyncio.Task[T]") -> None:
        if not task.cancelled():
            task.exception()  # of several that fail, only the first is raised
        landed.put_nowait(task)

    todo = enumerate(urls)
    ready: list[tuple[int, T]] = []
    try:
        exhausted = False
        while True:
            while not exhausted and len(flying) < limit:
                for index, url in todo:
                    task = asyncio.create_task(fly(url))
                    flying[task] = index
                    task.add_done_callback(land)
                    break
                else:
                    exhausted = True
            for pair in ready:
                yield pair
            if not flying:
                return
            task = await landed.get()
            ready = [(flying[task], task.result())]
            del flying[task]
    finally:
        await _bury(flying)


async def _collect(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], limit: float) -> list[T]:
    async with aclosing(_completions(urls, fetch, limit)) as pairs:  # type: ignore[type-var]
        by_index = {index: result async for index, result in pairs}
    return [result for _, result in sorted(by_index.items(), key=lambda pair: pair[0])]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await _collect(urls, fetch, float("inf"))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"{limit} requests at once will never get anything done")
    return await _collect(urls, fetch, limit)
