"""Whatever is neither io nor cpu is taken for blocking.

Fails: test_unknown_kind_starts_nothing
Says: A job of the kind 'gpu' ran, and there is no such kind.
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

    loop = asyncio.get_running_loop()
    started: list[Awaitable[Any]] = []
    for job in jobs:
        if job.kind == "io":
            started.append(asyncio.ensure_future(job.fn(*job.args)))
        elif job.kind == "cpu":
            started.append(loop.run_in_executor(processes, job.fn, *job.args))
        else:
            started.append(loop.run_in_executor(threads, job.fn, *job.args))
    return list(await asyncio.gather(*started))
