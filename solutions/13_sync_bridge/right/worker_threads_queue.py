"""Own worker threads fed by a queue.SimpleQueue and ended by one sentinel each."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class _Job:
    """One call on its way through a worker thread and back."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call
        self.loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[None] = self.loop.create_future()
        self.value: object = None
        self.error: BaseException | None = None

    def run(self) -> None:
        if self.answered.cancelled():
            return  # nobody waits any more and nothing has begun
        try:
            self.value = self.call()
        except BaseException as exc:
            self.error = exc
        try:
            self.loop.call_soon_threadsafe(self._answer)
        except RuntimeError:
            pass  # the loop has been closed meanwhile

    def _answer(self) -> None:
        if not self.answered.done():
            self.answered.set_result(None)

    async def result(self) -> object:
        await self.answered
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self.value


def _serve(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        job.run()
        del job


async def _join(work: Callable[[], None]) -> None:
    """Do something that blocks in a thread and outlast it, also when cancelled."""
    job = _Job(work)
    helper = threading.Thread(target=job.run)
    helper.start()
    waiter = asyncio.ensure_future(job.result())
    cancelled = False
    while not waiter.done():
        try:
            await asyncio.wait({waiter})
        except asyncio.CancelledError:
            cancelled = True
    helper.join()
    waiter.result()
    if cancelled:
        raise asyncio.CancelledError


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
    job = _Job(lambda: fn(*args))
    jobs.put(job)
    jobs.put(None)
    threading.Thread(target=_serve, args=(jobs,), name="offload").start()
    return cast(T, await job.result())


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._workers = [
            threading.Thread(target=_serve, args=(self._jobs,), name=f"offload-{k}") for k in range(threads)
        ]
        self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
        self._open = False

    async def __aenter__(self) -> Offload:
        for worker in self._workers:
            worker.start()
        self._open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._open = False
        for _ in self._workers:
            self._jobs.put(None)  # behind every job handed in

        def join() -> None:
            for worker in self._workers:
                worker.join()
            self._pool.shutdown()

        await _join(join)

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._open:
            raise RuntimeError("no worker threads outside of the block")
        context = contextvars.copy_context()
        job = _Job(lambda: context.run(fn, *args, **kwargs))
        self._jobs.put(job)
        return cast(T, await job.result())

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._open:
            raise RuntimeError("no worker processes outside of the block")
        return await asyncio.wrap_future(self._pool.submit(fn, *args, **kwargs))
