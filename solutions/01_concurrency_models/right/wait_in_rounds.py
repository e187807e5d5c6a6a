"""asyncio.wait with FIRST_COMPLETED, round after round; a round with a failure ends it."""

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


def check(jobs: Sequence[Job]) -> None:
    strangers = sorted({str(job.kind) for job in jobs} - {"io", "blocking", "cpu"})
    if strangers:
        raise ValueError("unknown kind: " + ", ".join(strangers))


async def all_of(futures: list[asyncio.Future[Any]]) -> list[Any]:
    pending = set(futures)
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                future.result()
    except asyncio.CancelledError:
        for future in futures:
            future.cancel()
        await asyncio.wait(futures)
        raise
    finally:
        for future in pending:
            future.cancel()
    return [future.result() for future in futures]


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return await all_of([asyncio.ensure_future(start()) for start in starts])


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    check(jobs)
    loop = asyncio.get_running_loop()

    def begin(job: Job) -> asyncio.Future[Any]:
        if job.kind == "io":
            return loop.create_task(job.fn(*job.args))
        return loop.run_in_executor(threads if job.kind == "blocking" else processes, job.fn, *job.args)

    return await all_of([begin(job) for job in jobs])
