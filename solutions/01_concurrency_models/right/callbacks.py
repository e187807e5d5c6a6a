"""In callback style: every job reports to a tally, and one future says when that is complete."""

import asyncio
import concurrent.futures
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
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


class _Tally:
    """Collects outcomes by position; `complete` is set at the last value, or at the first failure."""

    def __init__(self, size: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.complete = self.loop.create_future()
        self.values: list[Any] = [None] * size
        self.missing = size
        self.failure: BaseException | None = None
        self.tasks: set[asyncio.Future[Any]] = set()
        if not size:
            self.complete.set_result(None)

    def report(self, position: int, source: Any) -> None:
        """Take the outcome of a finished future of either library; on the thread of the loop."""
        self.tasks.discard(source)
        try:
            value = source.result()
        except BaseException as failure:
            self._end(failure)
        else:
            self.values[position] = value
            self.missing -= 1
            if not self.missing:
                self._end(None)

    def _end(self, failure: BaseException | None) -> None:
        if not self.complete.done():
            self.failure = failure
            self.complete.set_result(None)

    def report_from_elsewhere(self, position: int, source: Any) -> None:
        try:
            self.loop.call_soon_threadsafe(self.report, position, source)
        except RuntimeError:
            pass  # the loop is closed, and nobody waits

    def follow(self, position: int, coroutine: Any) -> None:
        task = self.loop.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(partial(self.report, position))

    def follow_elsewhere(self, position: int, submitted: concurrent.futures.Future[Any]) -> None:
        submitted.add_done_callback(partial(self.report_from_elsewhere, position))

    async def outcome(self) -> list[Any]:
        await self.complete
        if self.failure is None:
            return self.values
        try:
            raise self.failure
        finally:
            self.failure = None  # no cycle of exception, frame and tally

    def dismiss(self) -> None:
        if not self.complete.done():
            self.complete.cancel()
        for task in self.tasks:
            task.cancel()


async def _call(fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...] = ()) -> Any:
    return await fn(*args)


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    tally = _Tally(len(starts))
    for position, start in enumerate(starts):
        tally.follow(position, _call(start))
    try:
        return await tally.outcome()
    finally:
        tally.dismiss()


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    jobs = list(jobs)
    tally = _Tally(len(jobs))
    begin: list[Callable[[], None]] = []

    for position, job in enumerate(jobs):
        if job.kind == "io":
            begin.append(lambda position=position, job=job: tally.follow(position, _call(job.fn, job.args)))
        elif job.kind in ("blocking", "cpu"):
            executor = threads if job.kind == "blocking" else processes
            begin.append(
                lambda position=position, job=job, executor=executor: tally.follow_elsewhere(
                    position, executor.submit(job.fn, *job.args)
                )
            )
        else:
            raise ValueError(job.kind)

    try:
        for action in begin:
            action()
        return await tally.outcome()
    finally:
        tally.dismiss()
