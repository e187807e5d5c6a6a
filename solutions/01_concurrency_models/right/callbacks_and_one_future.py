"""Done callbacks fill a list of slots; one bare future is all the caller awaits."""

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


class Board:
    """Slots for results. `finished` is done when every slot is filled or one job has failed."""

    def __init__(self, size: int) -> None:
        self.finished: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self.slots: list[Any] = [None] * size
        self.missing = size
        if not size:
            self.finished.set_result([])

    def fill(self, index: int, future: "asyncio.Future[Any]") -> None:
        failed = not future.cancelled() and future.exception()
        if self.finished.done():
            return
        if future.cancelled():
            self.finished.cancel()
        elif failed:
            self.finished.set_exception(failed)
        else:
            self.slots[index] = future.result()
            self.missing -= 1
            if not self.missing:
                self.finished.set_result(self.slots)

    async def collect(self, futures: "list[asyncio.Future[Any]]") -> list[Any]:
        for index, future in enumerate(futures):
            future.add_done_callback(lambda done, index=index: self.fill(index, done))
        try:
            return await self.finished
        except asyncio.CancelledError:
            for future in futures:
                future.cancel()
            await asyncio.wait(futures)
            raise
        finally:
            for future in futures:
                future.cancel()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return await Board(len(starts)).collect([asyncio.ensure_future(start()) for start in starts])


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    loop = asyncio.get_running_loop()
    launchers: dict[str, Callable[..., "asyncio.Future[Any]"]] = {
        "io": lambda fn, *args: loop.create_task(fn(*args)),
        "blocking": lambda fn, *args: loop.run_in_executor(threads, fn, *args),
        "cpu": lambda fn, *args: loop.run_in_executor(processes, fn, *args),
    }
    try:
        plan = [(launchers[job.kind], job) for job in jobs]
    except KeyError as exc:
        raise ValueError(f"unknown kind {exc}") from None
    return await Board(len(plan)).collect([launch(job.fn, *job.args) for launch, job in plan])
