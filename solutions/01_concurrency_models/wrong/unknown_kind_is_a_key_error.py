"""Executors are looked up in a dict before the start, so an unknown kind is a KeyError.

Fails: test_unknown_kind_starts_nothing
Says: run_mixed raised KeyError: 'gpu', expected ValueError
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
    pools = {"io": None, "blocking": threads, "cpu": processes}
    chosen = [pools[job.kind] for job in jobs]
    started: list[Any] = []
    for job, pool in zip(jobs, chosen):
        if pool is None:
            started.append(loop.create_task(job.fn(*job.args)))
        else:
            started.append(loop.run_in_executor(pool, job.fn, *job.args))
    return list(await asyncio.gather(*started))
