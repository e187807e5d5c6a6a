"""Tasks that begin at once where Python can (3.12+), each handed on to the next url by a queue of permits."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def _start(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task, eagerly where this Python has a factory for that."""
    factory = getattr(asyncio, "eager_task_factory", None)
    loop = asyncio.get_running_loop()
    return factory(loop, coroutine) if factory else loop.create_task(coroutine)


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    todo = list(urls)
    permits: asyncio.Queue[None] = asyncio.Queue()
    for _ in range(min(limit, len(todo))):
        permits.put_nowait(None)

    async def one(url: str) -> T | Exception:
        try:
            return await fetch(url)
        except Exception as failure:
            return failure
        finally:
            permits.put_nowait(None)

    tasks: list[asyncio.Task[T | Exception]] = []
    try:
        for url in todo:
            await permits.get()
            tasks.append(_start(one(url)))
        if tasks:
            await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [task.result() for task in tasks]
