"""A TaskGroup: the failure of a job arrives inside an ExceptionGroup.

Fails: test_exceptions_arrive_as_they_are
Says: and the caller got ExceptionGroup
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


async def value_of(aw: Awaitable[T]) -> T:
    return await aw


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
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        else:
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(value_of(each)) for each in started]
    return [task.result() for task in tasks]
