"""One gather per kind: the io jobs are over before a blocking job starts, and those before a cpu job.

Fails: test_jobs_of_different_kinds_can_wait_for_each_other
Says: The jobs were io, blocking, cpu. io had started and waited; blocking
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
    results: dict[int, Any] = {}
    for kind in ("io", "blocking", "cpu"):
        chosen = [i for i, job in enumerate(jobs) if job.kind == kind]
        started = []
        for i in chosen:
            if kind == "io":
                started.append(jobs[i].fn(*jobs[i].args))
            else:
                pool = threads if kind == "blocking" else processes
                started.append(loop.run_in_executor(pool, jobs[i].fn, *jobs[i].args))
        results.update(zip(chosen, await asyncio.gather(*started)))
    return [results[i] for i in range(len(jobs))]
