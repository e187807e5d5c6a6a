"""Tasks start eagerly on 3.12 and later; the executor jobs are submitted in a first pass, the io jobs in a second."""

import asyncio
import sys
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


async def _wait_for(aw: Awaitable[T]) -> T:
    return await aw


def start_now(aw: Awaitable[T]) -> "asyncio.Task[T]":
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(_wait_for(aw), loop=loop, eager_start=True)
    return asyncio.Task(_wait_for(aw), loop=loop)


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    tasks = []
    for start in starts:
        tasks.append(start_now(start()))
    return await asyncio.gather(*tasks)


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    for job in jobs:
        if job.kind not in {"io", "blocking", "cpu"}:
            raise ValueError(f"kind {job.kind!r} is not known")
    loop = asyncio.get_running_loop()
    by_index: dict[int, asyncio.Future[Any]] = {}
    for i, job in enumerate(jobs):
        if job.kind != "io":
            by_index[i] = loop.run_in_executor(threads if job.kind == "blocking" else processes, job.fn, *job.args)
    for i, job in enumerate(jobs):
        if job.kind == "io":
            by_index[i] = start_now(job.fn(*job.args))
    return await asyncio.gather(*(by_index[i] for i in range(len(jobs))))
