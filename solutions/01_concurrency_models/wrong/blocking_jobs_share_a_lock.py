"""A lock keeps blocking jobs apart 'for thread safety', so only one runs at a time.

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
    one_at_a_time = asyncio.Lock()

    async def blocking(job: Job) -> Any:
        async with one_at_a_time:
            return await loop.run_in_executor(threads, job.fn, *job.args)

    started: list[Any] = []
    for job in jobs:
        if job.kind == "io":
            started.append(loop.create_task(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(loop.create_task(blocking(job)))
        else:
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
    return list(await asyncio.gather(*started))
