"""No task waits for another; done-callbacks land results in slots and resolve one future."""

import asyncio
import concurrent.futures as cf
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """One piece of work: call `fn(*args)` where work of its kind belongs."""

    kind: Literal["io", "blocking", "cpu"]
    fn: Callable[..., Any]
    args: tuple[Any, ...] = ()


def _check_kinds(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.kind not in ("io", "blocking", "cpu"):
            raise ValueError(f"unknown kind of job: {job.kind!r}")


class _Latch:
    """Collects `size` outcomes; `outcome` is resolved by the last value or the first exception."""

    def __init__(self, size: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[list[Any]] = self.loop.create_future()
        self.slots: list[Any] = [None] * size
        self.missing = size
        if not size:
            self.outcome.set_result([])

    def land(self, index: int, source: "asyncio.Future[Any] | cf.Future[Any]") -> None:
        """Runs on the loop's thread; `source` is done."""
        if source.cancelled():
            if not self.outcome.done():
                self.outcome.cancel()
            return
        error = source.exception()  # retrieved in any case
        if self.outcome.done():
            return
        if error is not None:
            if isinstance(error, StopIteration):
                wrapped = RuntimeError("a job raised StopIteration")
                wrapped.__cause__ = error
                error = wrapped
            self.outcome.set_exception(error)
            return
        self.slots[index] = source.result()
        self.missing -= 1
        if not self.missing:
            self.outcome.set_result(self.slots)

    def land_from_thread(self, index: int, source: "cf.Future[Any]") -> None:
        with suppress(RuntimeError):  # the loop may be closed by now: nobody is interested any more
            self.loop.call_soon_threadsafe(self.land, index, source)


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    latch = _Latch(len(starts))
    children: list[asyncio.Future[T]] = []
    try:
        for index, start in enumerate(starts):
            child: asyncio.Future[T] = asyncio.ensure_future(start())
            children.append(child)
            child.add_done_callback(partial(latch.land, index))
        return await latch.outcome
    finally:
        for child in children:
            child.cancel()
        left = [child for child in children if not child.done()]
        if left:
            await asyncio.wait(left)


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    _check_kinds(jobs)
    latch = _Latch(len(jobs))
    started: list[asyncio.Future[Any] | cf.Future[Any]] = []
    try:
        for index, job in enumerate(jobs):
            if job.kind == "io":
                task: asyncio.Task[Any] = asyncio.create_task(job.fn(*job.args))
                started.append(task)
                task.add_done_callback(partial(latch.land, index))
            else:
                pool = threads if job.kind == "blocking" else processes
                handle = pool.submit(job.fn, *job.args)
                started.append(handle)
                handle.add_done_callback(partial(latch.land_from_thread, index))
        return await latch.outcome
    finally:
        for thing in started:
            thing.cancel()  # nothing to do for what has ended; a job that runs in a pool runs on
