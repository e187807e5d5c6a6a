"""A loop over the jobs with an await for each: nothing overlaps.

Fails: test_two_blocking_jobs_overlap
Says: Two blocking jobs and four threads for them, but 1 was running while
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
    args: tuple = ()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*(start() for start in starts)))


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    for job in jobs:
        if job.kind not in ("io", "blocking", "cpu"):
            raise ValueError(f"unknown kind of job: {job.kind!r}")
    loop = asyncio.get_running_loop()
    results: list[Any] = []
    for job in jobs:
        if job.kind == "io":
            results.append(await job.fn(*job.args))
        else:
            pool = threads if job.kind == "blocking" else processes
            results.append(await loop.run_in_executor(pool, job.fn, *job.args))
    return results
