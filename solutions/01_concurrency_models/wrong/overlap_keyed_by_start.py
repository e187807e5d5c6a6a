"""Tasks are kept in a dict keyed by the callable, so a start that is given twice yields one result.

Fails: test_overlap_takes_whatever_can_be_awaited
Says: gives 1, 2 and 4, but overlap returned [1]
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
    tasks = {start: asyncio.ensure_future(start()) for start in dict.fromkeys(starts)}
    await asyncio.gather(*tasks.values())
    return [task.result() for task in tasks.values()]


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
