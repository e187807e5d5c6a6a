"""create_task is given what start returns, so a start that returns a future is a TypeError.

Fails: test_overlap_takes_whatever_can_be_awaited
Says: A start gave something to await that is no coroutine, and overlap
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
    tasks = [asyncio.create_task(start()) for start in starts]
    return list(await asyncio.gather(*tasks))


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
