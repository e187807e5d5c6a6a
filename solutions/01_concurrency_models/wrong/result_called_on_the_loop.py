"""The results of the pools are fetched with result(), which blocks the loop.

Fails: test_two_blocking_jobs_overlap
Says: The event loop was blocked: it could not answer while a function was
"""

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
    args: tuple[Any, ...] = ()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*(start() for start in starts)))


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    for job in jobs:
        if job.kind not in ("io", "blocking", "cpu"):
            raise ValueError(job.kind)
    started: list[Awaitable[Any]] = []
    for job in jobs:
        if job.kind == "io":
            started.append(asyncio.ensure_future(job.fn(*job.args)))
        else:
            started.append((threads if job.kind == "blocking" else processes).submit(job.fn, *job.args))
    return [await item if asyncio.isfuture(item) else item.result() for item in started]
