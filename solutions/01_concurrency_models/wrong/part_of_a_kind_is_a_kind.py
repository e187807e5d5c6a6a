"""The kind is looked for in a text that names the three, so a part of a name is a kind as well.

Fails: test_unknown_kind_starts_nothing
Says: A job had the kind 'block': run_mixed returned
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


KINDS = "io blocking cpu"


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*(start() for start in starts)))


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    for job in jobs:
        if job.kind not in KINDS:
            raise ValueError(f"unknown kind of job: {job.kind!r}, there are: {KINDS}")
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
