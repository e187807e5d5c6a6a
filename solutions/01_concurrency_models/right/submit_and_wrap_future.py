"""A launcher class; executor.submit with asyncio.wrap_future, results awaited through as_completed."""

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


class Launcher:
    def __init__(self, threads: Executor, processes: Executor) -> None:
        self._threads = threads
        self._processes = processes

    def plan(self, job: Job) -> Callable[[], "asyncio.Future[Any]"]:
        match job.kind:
            case "io":
                return lambda: asyncio.ensure_future(job.fn(*job.args))
            case "blocking":
                return lambda: asyncio.wrap_future(self._threads.submit(job.fn, *job.args))
            case "cpu":
                return lambda: asyncio.wrap_future(self._processes.submit(job.fn, *job.args))
            case other:
                raise ValueError(f"no such kind of job: {other!r}")


async def in_order(futures: "list[asyncio.Future[Any]]") -> list[Any]:
    try:
        for first in asyncio.as_completed(futures):
            await first
        return [future.result() for future in futures]
    except asyncio.CancelledError:
        for future in futures:
            future.cancel()
        await asyncio.wait(futures)
        raise
    finally:
        for future in futures:
            future.cancel()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return await in_order([asyncio.ensure_future(start()) for start in starts])


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    launcher = Launcher(threads, processes)
    plans = [launcher.plan(job) for job in jobs]
    return await in_order([plan() for plan in plans])
