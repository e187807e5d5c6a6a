"""Outstanding jobs are counted; leaving waits until the count is zero, the joining after that is done in a thread."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    # A context manager would block at its end, therefore the pool is only told to stop.
    single = ThreadPoolExecutor(1)
    future = asyncio.get_running_loop().run_in_executor(single, fn, *args)
    single.shutdown(wait=False)
    return await future


async def _insist(work: Coroutine[Any, Any, None]) -> None:
    """Finish the work even if cancelled meanwhile, then let the cancellation go on."""
    task = asyncio.create_task(work)
    first: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as exc:
            first = first or exc
    task.result()
    if first is not None:
        raise first


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._outstanding = 0
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._accepting = True
        self._threads = ThreadPoolExecutor(threads)
        self._processes = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._accepting = False
        await _insist(self._finish())

    async def _finish(self) -> None:
        await self._none_left.wait()
        await offload(self._threads.shutdown)
        await offload(self._processes.shutdown)

    def _count(self, job: Future[T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        self._outstanding += 1
        self._none_left.clear()
        # The callback runs in whatever thread ends the job.
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._ended))
        return asyncio.wrap_future(job)

    def _ended(self) -> None:
        self._outstanding -= 1
        if self._outstanding == 0:
            self._none_left.set()

    def _refuse_when_left(self) -> None:
        if not self._accepting:
            raise RuntimeError("no more work after the block")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._refuse_when_left()
        run = contextvars.copy_context().run
        return await self._count(self._threads.submit(lambda: run(fn, *args, **kwargs)))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._refuse_when_left()
        return await self._count(self._processes.submit(fn, *args, **kwargs))
