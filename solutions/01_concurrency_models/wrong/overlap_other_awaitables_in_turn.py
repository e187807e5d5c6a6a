"""Only coroutines are made tasks; any other object with an __await__ begins when its turn to be awaited comes.

Fails: test_overlap_takes_whatever_can_be_awaited
Says: while the first one waited, 1 was in flight
"""

import asyncio
import inspect
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
    pending: list[Awaitable[T]] = []
    for start in starts:
        awaitable = start()
        if inspect.iscoroutine(awaitable):
            awaitable = asyncio.create_task(awaitable)
        # What is no coroutine is taken for a future, which is in flight already.
        pending.append(awaitable)
    return [await awaitable for awaitable in pending]


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    for job in jobs:
        if job.kind not in ("io", "blocking", "cpu"):
            raise ValueError(f"unknown kind of job: {job.kind!r}")
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
