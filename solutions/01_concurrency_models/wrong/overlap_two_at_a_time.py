"""A semaphore protects the loop from too much at once: only two starts are in flight.

Fails: test_overlap_has_all_in_flight
Says: 3 starts were given, but only 2 of them were in flight at the same
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
    cores = asyncio.Semaphore(2)

    async def one(start: Callable[[], Awaitable[T]]) -> T:
        async with cores:
            return await start()

    return list(await asyncio.gather(*(one(start) for start in starts)))


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    for job in jobs:
        if job.kind not in ("io", "blocking", "cpu"):
            raise ValueError(f"unknown kind of job: {job.kind!r}")
    loop = asyncio.get_running_loop()
    started = [
        loop.create_task(job.fn(*job.args))
        if job.kind == "io"
        else loop.run_in_executor(threads if job.kind == "blocking" else processes, job.fn, *job.args)
        for job in jobs
    ]
    return list(await asyncio.gather(*started))
