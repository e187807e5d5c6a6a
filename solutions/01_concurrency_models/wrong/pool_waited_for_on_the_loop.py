"""submit and then concurrent.futures.wait inside async def: the loop stands still while a pool works.

Fails: test_two_blocking_jobs_overlap
Says: The event loop was blocked: it could not answer while a function was
"""

import asyncio
import concurrent.futures
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
    started: list[Any] = []
    for job in jobs:
        if job.kind == "io":
            started.append(loop.create_task(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(threads.submit(job.fn, *job.args))
        else:
            started.append(processes.submit(job.fn, *job.args))
    in_pools = [future for job, future in zip(jobs, started) if job.kind != "io"]
    concurrent.futures.wait(in_pools, return_when=concurrent.futures.FIRST_EXCEPTION)
    return list(await asyncio.gather(*(asyncio.wrap_future(each) if each in in_pools else each for each in started)))
