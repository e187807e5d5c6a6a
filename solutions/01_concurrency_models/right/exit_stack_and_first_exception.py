"""An AsyncExitStack cancels what is left; wait(FIRST_EXCEPTION) finds the failure; overlap unwraps a TaskGroup."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    kind: Literal["io", "blocking", "cpu"]
    fn: Callable[..., Any]
    args: tuple = ()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    async def one(start: Callable[[], Awaitable[T]]) -> T:
        return await start()

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(start)) for start in starts]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0]
    return [task.result() for task in tasks]


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    kinds = ("io", "blocking", "cpu")
    if unknown := [job for job in jobs if job.kind not in kinds]:
        raise ValueError(f"unknown kind: {unknown[0].kind!r}")
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        futures: list[asyncio.Future[Any]] = []
        for job in jobs:
            if job.kind == "io":
                future: asyncio.Future[Any] = asyncio.create_task(job.fn(*job.args))
            else:
                future = loop.run_in_executor({"blocking": threads, "cpu": processes}[job.kind], job.fn, *job.args)
            stack.callback(future.cancel)
            futures.append(future)
        if not futures:
            return []
        try:
            done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            for future in futures:
                future.cancel()
            await asyncio.wait(futures)
            raise
        for future in done:
            future.result()
        return [future.result() for future in futures]
    raise AssertionError("not reached")
