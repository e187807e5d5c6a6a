"""The kind is looked at only when the turn of the job comes; the jobs before it run already.

Fails: test_unknown_kind_starts_nothing
Says: ValueError told of the kind 'gpu', but blocking and io had been
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
    loop = asyncio.get_running_loop()
    started: list[Any] = []
    for job in jobs:
        if job.kind == "io":
            started.append(loop.create_task(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        elif job.kind == "cpu":
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
        else:
            raise ValueError(f"unknown kind of job: {job.kind!r}")
    return list(await asyncio.gather(*started))
