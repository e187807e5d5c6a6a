"""A class with __await__ that yields bare futures by itself; no gather, no wait."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    kind: Literal["io", "blocking", "cpu"]
    fn: Callable[..., Any]
    args: tuple = ()


class AllOf:
    """Await several futures: a list of results, or the first failure at once."""

    def __init__(self, futures: "list[asyncio.Future[Any]]") -> None:
        self._futures = futures

    def __await__(self) -> Generator[Any, Any, list[Any]]:
        loop = asyncio.get_running_loop()
        try:
            while True:
                for future in self._futures:
                    if future.done():
                        future.result()
                waiting = [future for future in self._futures if not future.done()]
                if not waiting:
                    return [future.result() for future in self._futures]
                bell = loop.create_future()

                def ring(_: Any, bell: "asyncio.Future[None]" = bell) -> None:
                    if not bell.done():
                        bell.set_result(None)

                for future in waiting:
                    future.add_done_callback(ring)
                try:
                    yield from bell
                except asyncio.CancelledError:
                    for future in waiting:
                        future.cancel()
                    yield from asyncio.wait(waiting).__await__()
                    raise
                finally:
                    for future in waiting:
                        future.remove_done_callback(ring)
        finally:
            for future in self._futures:
                future.cancel()


async def overlap(*starts: Callable[[], Awaitable[T]]) -> list[T]:
    return await AllOf([asyncio.ensure_future(start()) for start in starts])


async def run_mixed(jobs: Sequence[Job], *, threads: Executor, processes: Executor) -> list[Any]:
    kinds = {job.kind for job in jobs}
    if not kinds <= {"io", "blocking", "cpu"}:
        raise ValueError(f"unknown kinds among {kinds}")
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[Any]] = []
    for job in jobs:
        pool = {"blocking": threads, "cpu": processes}.get(job.kind)
        if pool is None:
            futures.append(loop.create_task(job.fn(*job.args)))
        else:
            futures.append(loop.run_in_executor(pool, job.fn, *job.args))
    return await AllOf(futures)
