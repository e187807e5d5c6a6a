"""The caller's threads become the default executor of the loop, which asyncio.run shuts down at its end.

Fails: test_the_executors_stay_the_callers
Says: When the event loop had shut down its own default executor
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
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
    loop = asyncio.get_running_loop()
    if isinstance(threads, ThreadPoolExecutor):
        # What a job starts with to_thread is to go there too.
        loop.set_default_executor(threads)
    started: list[asyncio.Future[Any]] = []
    for job in jobs:
        if job.kind == "io":
            started.append(asyncio.ensure_future(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        else:
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
    return list(await asyncio.gather(*started))
