"""No collector at all: each job awaits the result of the rest of the list, pair by pair, recursively."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    kind: Literal["io", "blocking", "cpu"]
    fn: Callable[..., Any]
    args: tuple = ()


async def both(head: "asyncio.Future[Any]", tail: "asyncio.Future[list[Any]]") -> list[Any]:
    """[head] + tail; the first of the two that fails is heard at once."""
    try:
        await asyncio.wait({head, tail}, return_when=asyncio.FIRST_COMPLETED)
        if head.done():
            return [head.result(), *await tail]
        rest = tail.result()
        return [await head, *rest]
    except asyncio.CancelledError:
        head.cancel()
        tail.cancel()
        await asyncio.wait({head, tail})
        raise
    finally:
        head.cancel()
        tail.cancel()


async def chain(futures: "list[asyncio.Future[Any]]") -> list[Any]:
    tail: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
    tail.set_result([])
    for head in reversed(futures):
        tail = asyncio.create_task(both(head, tail))
    return await tail


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return await chain([asyncio.ensure_future(start()) for start in starts])


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    loop = asyncio.get_running_loop()
    routes: dict[str, Any] = {"io": None, "blocking": threads, "cpu": processes}
    for job in jobs:
        if job.kind not in routes:
            raise ValueError(f"unknown kind {job.kind!r}, expected one of {list(routes)}")
    futures = [
        asyncio.ensure_future(job.fn(*job.args))
        if job.kind == "io"
        else loop.run_in_executor(routes[job.kind], job.fn, *job.args)
        for job in jobs
    ]
    return await chain(futures)
