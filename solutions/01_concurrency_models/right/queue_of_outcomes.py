"""Every job reports into an asyncio.Queue; pools report through call_soon_threadsafe, without run_in_executor."""

import asyncio
import concurrent.futures
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


Outcome = tuple[int, Any, "BaseException | None"]


async def collect(inbox: "asyncio.Queue[Outcome]", count: int) -> list[Any]:
    results: dict[int, Any] = {}
    while len(results) < count:
        index, value, error = await inbox.get()
        if error is not None:
            raise error
        results[index] = value
    return [results[index] for index in range(count)]


async def report(inbox: "asyncio.Queue[Outcome]", index: int, aw: Awaitable[Any]) -> None:
    try:
        value = await aw
    except BaseException as exc:
        inbox.put_nowait((index, None, exc))
        if not isinstance(exc, Exception):
            raise
    else:
        inbox.put_nowait((index, value, None))


async def stop(reporters: "list[asyncio.Task[None]]") -> None:
    for reporter in reporters:
        reporter.cancel()
    if reporters:
        await asyncio.wait(reporters)


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    inbox: asyncio.Queue[Outcome] = asyncio.Queue()
    reporters = [asyncio.create_task(report(inbox, i, start())) for i, start in enumerate(starts)]
    try:
        return await collect(inbox, len(reporters))
    except asyncio.CancelledError:
        await stop(reporters)
        raise
    finally:
        for reporter in reporters:
            reporter.cancel()


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    if any(job.kind not in ("io", "blocking", "cpu") for job in jobs):
        raise ValueError("kind must be io, blocking or cpu")
    loop = asyncio.get_running_loop()
    inbox: asyncio.Queue[Outcome] = asyncio.Queue()

    def from_pool(index: int) -> Callable[["concurrent.futures.Future[Any]"], None]:
        def done(future: "concurrent.futures.Future[Any]") -> None:
            if future.cancelled():
                outcome: Outcome = (index, None, asyncio.CancelledError())
            else:
                error = future.exception()
                outcome = (index, None, error) if error else (index, future.result(), None)
            try:
                loop.call_soon_threadsafe(inbox.put_nowait, outcome)
            except RuntimeError:
                pass  # the loop was closed meanwhile, nobody waits any more

        return done

    reporters: list[asyncio.Task[None]] = []
    submitted: list[concurrent.futures.Future[Any]] = []
    for index, job in enumerate(jobs):
        if job.kind == "io":
            reporters.append(asyncio.create_task(report(inbox, index, job.fn(*job.args))))
        else:
            pool = threads if job.kind == "blocking" else processes
            submitted.append(pool.submit(job.fn, *job.args))
            submitted[-1].add_done_callback(from_pool(index))
    try:
        return await collect(inbox, len(jobs))
    except asyncio.CancelledError:
        await stop(reporters)
        raise
    finally:
        for future in submitted:
            future.cancel()
        for reporter in reporters:
            reporter.cancel()
