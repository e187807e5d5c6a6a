"""The computing jobs are started one after the other, each when its turn to be awaited has come.

Fails: test_jobs_of_different_kinds_can_wait_for_each_other
Says: The jobs were io, blocking, cpu. blocking and io had started and
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
            raise ValueError(job.kind)
    loop = asyncio.get_running_loop()
    started: list[Awaitable[Any]] = []
    for job in jobs:
        if job.kind == "io":
            started.append(asyncio.ensure_future(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        else:
            started.append(job)
    return [
        await (loop.run_in_executor(processes, item.fn, *item.args) if isinstance(item, Job) else item)
        for item in started
    ]
