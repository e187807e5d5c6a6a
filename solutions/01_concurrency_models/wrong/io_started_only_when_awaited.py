"""Executor jobs start at once, but io jobs stay bare coroutines that run only when their turn to be awaited comes.

Fails: test_jobs_of_different_kinds_can_wait_for_each_other
Says: The jobs were cpu, blocking, io. blocking and cpu had started and
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
    started: list[Any] = []
    for job in jobs:
        if job.kind == "io":
            started.append(job.fn(*job.args))
        elif job.kind == "blocking":
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        else:
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
    results: list[Any] = []
    for index, awaitable in enumerate(started):
        try:
            results.append(await awaitable)
        except BaseException:
            for rest, job in zip(started[index + 1 :], jobs[index + 1 :]):
                rest.close() if job.kind == "io" else rest.cancel()
            raise
    return results
