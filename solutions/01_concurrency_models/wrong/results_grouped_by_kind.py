"""All jobs overlap, but the results come io first, then blocking, then cpu.

Fails: test_results_keep_the_order_of_jobs
Says: The results came back as ['a', 'c', 'c', 'b', 'd', 'e']: kind by kind
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
    io = [asyncio.ensure_future(job.fn(*job.args)) for job in jobs if job.kind == "io"]
    blocking = [loop.run_in_executor(threads, job.fn, *job.args) for job in jobs if job.kind == "blocking"]
    cpu = [loop.run_in_executor(processes, job.fn, *job.args) for job in jobs if job.kind == "cpu"]
    return list(await asyncio.gather(*io, *blocking, *cpu))
