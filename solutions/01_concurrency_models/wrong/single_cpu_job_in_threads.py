"""A job that is the only one runs in the threads, whatever its kind: it is thought to compete with nobody.

Fails: test_each_kind_runs_in_its_place
Says: A job of the kind cpu that was the only job of all ran in the process
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
            raise ValueError(f"unknown kind of job: {job.kind!r}")
    if len(jobs) == 1:
        # One job alone: spare it the copying of its data to a process.
        processes = threads
    loop = asyncio.get_running_loop()
    started: list[asyncio.Future[Any]] = []
    for job in jobs:
        if job.kind == "io":
            started.append(asyncio.ensure_future(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        else:
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
    return list(await asyncio.gather(*started))
