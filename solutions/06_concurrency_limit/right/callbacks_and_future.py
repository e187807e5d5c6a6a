"""Done callbacks start the next fetch; one plain future tells the caller that nothing runs any more."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def _call(fetch: Callable[[str], Awaitable[T]], url: str) -> T:
    return await fetch(url)


async def _run(urls: list[str], fetch: Callable[[str], Awaitable[T]], limit: int) -> list[T]:
    loop = asyncio.get_running_loop()
    todo = deque(enumerate(urls))
    running: dict[asyncio.Task[T], int] = {}
    results: dict[int, T] = {}
    failure: BaseException | None = None
    stopped = False
    idle: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        nonlocal stopped
        if not stopped:
            stopped = True
            todo.clear()
            for task in running:
                task.cancel()

    def start_more() -> None:
        while todo and len(running) < limit:
            index, url = todo.popleft()
            task = loop.create_task(_call(fetch, url))
            running[task] = index
            task.add_done_callback(ended)
        if not running and not idle.done():
            idle.set_result(None)

    def ended(task: asyncio.Task[T]) -> None:
        nonlocal failure
        index = running.pop(task)
        try:
            results[index] = task.result()
        except BaseException as exc:
            if not stopped:
                failure = exc
                stop()
        start_more()

    start_more()
    interrupted: asyncio.CancelledError | None = None
    while not idle.done():
        try:
            await asyncio.shield(idle)
        except asyncio.CancelledError as exc:
            interrupted = exc
            stop()
    if interrupted is not None:
        raise interrupted
    if failure is not None:
        raise failure
    return [results[index] for index in range(len(urls))]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    every = list(urls)
    return await _run(every, fetch, len(every))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError(f"limit={limit!r}")
    return await _run(list(urls), fetch, limit)
