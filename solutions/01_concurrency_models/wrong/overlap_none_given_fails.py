"""asyncio.wait with an empty list raises ValueError.

Fails: test_overlap_keeps_the_order_of_arguments
Says: overlap() without arguments raised ValueError.
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
    tasks = [asyncio.ensure_future(start()) for start in starts]
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
    return [task.result() for task in tasks]


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
