"""Kata 01, reference: everything becomes something to await, and one gather waits for it all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """One piece of work: call `fn(*args)` where work of its kind belongs."""

    kind: Literal["io", "blocking", "cpu"]
    fn: Callable[..., Any]
    args: tuple[Any, ...] = ()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    """Call each start, have everything it returned in flight at the same time, and return the results in order."""
    return await asyncio.gather(*(start() for start in starts))


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    """Run every job where its kind belongs, and return the results in the order of `jobs`."""
    executors = {"io": None, "blocking": threads, "cpu": processes}
    unknown = [job.kind for job in jobs if job.kind not in executors]
    if unknown:
        raise ValueError(f"unknown kinds of jobs: {unknown}")
    loop = asyncio.get_running_loop()

    def start(job: Job) -> Awaitable[Any]:
        executor = executors[job.kind]
        # Submitting starts the job; a coroutine is started by the task that gather makes of it.
        return job.fn(*job.args) if executor is None else loop.run_in_executor(executor, job.fn, *job.args)

    # The first failure leaves at once; gather lets the others run on.
    return await asyncio.gather(*(start(job) for job in jobs))
