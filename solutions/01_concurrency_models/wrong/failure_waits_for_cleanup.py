"""After a failure the others are cancelled, and their cleanup is waited for before the exception is passed on.

Fails: test_a_failure_does_not_wait_for_the_others
Says: A job of the kind io failed and the io job was cancelled, but
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
    loop = asyncio.get_running_loop()
    started: list[asyncio.Future[Any]] = []
    for job in jobs:
        if job.kind == "io":
            started.append(asyncio.ensure_future(job.fn(*job.args)))
        elif job.kind == "blocking":
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
        else:
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
    try:
        return list(await asyncio.gather(*started))
    except BaseException:
        for future in started:
            future.cancel()
        await asyncio.gather(*started, return_exceptions=True)
        raise
