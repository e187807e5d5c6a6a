"""A failing job's exception stands in the list of results.

Fails: test_exceptions_arrive_as_they_are
Says: run_mixed returned [LookupError('no such page')]
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
        else:
            started.append(loop.run_in_executor(threads if job.kind == "blocking" else processes, job.fn, *job.args))
    return list(await asyncio.gather(*started, return_exceptions=True))
