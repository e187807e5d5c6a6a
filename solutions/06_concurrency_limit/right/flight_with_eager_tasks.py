"""The requests in flight are the target of an `async with`; tasks start eagerly where Python can do that."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def _start(request: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    if sys.version_info >= (3, 12):
        return asyncio.Task(request, loop=asyncio.get_running_loop(), eager_start=True)
    return asyncio.create_task(request)


@asynccontextmanager
async def _flight() -> AsyncIterator[set["asyncio.Task[None]"]]:
    """A set of tasks. Those that are left in it at the end are cancelled, and waited for."""
    tasks: set[asyncio.Task[None]] = set()
    interrupted = None
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        while pending := {task for task in tasks if not task.done()}:
            try:
                await asyncio.wait(pending)
            except asyncio.CancelledError as error:
                interrupted = error
        if interrupted is not None:
            raise interrupted


async def _landing(flight: set["asyncio.Task[None]"]) -> None:
    done, _ = await asyncio.wait(flight, return_when=asyncio.FIRST_COMPLETED)
    flight -= done


async def _fetch(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], limit: float) -> list[T]:
    results: list[list[T]] = []
    failures: list[BaseException] = []

    async def request(url: str, result: list[T]) -> None:
        if failures:
            return
        try:
            result.append(await fetch(url))
        except BaseException as error:
            failures.append(error)

    async with _flight() as flight:
        for url in urls:
            while len(flight) >= limit and not failures:
                await _landing(flight)
            if failures:
                break
            results.append([])
            flight.add(_start(request(url, results[-1])))
        while flight and not failures:
            await _landing(flight)
    if failures:
        raise failures[0]
    if not all(results):
        raise asyncio.CancelledError  # somebody else has cancelled a task before its first turn
    return [value for (value,) in results]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await _fetch(urls, fetch, float("inf"))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit: at least one")
    return await _fetch(urls, fetch, limit)
