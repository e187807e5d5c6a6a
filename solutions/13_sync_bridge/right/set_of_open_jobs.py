"""A set of the jobs that are not done; leaving waits for each of them, then a helper thread joins the workers."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    job: Future[T] = Future()

    def work() -> None:
        try:
            job.set_result(fn(*args))
        except BaseException as exc:
            job.set_exception(exc)

    job.set_running_or_notify_cancel()
    threading.Thread(target=work, name="offload").start()
    return await asyncio.wrap_future(job)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = {"threads": threads, "processes": processes}
        self._pools: dict[str, Executor] = {}
        self._jobs: set[Future[Any]] = set()
        self._inside = False

    async def __aenter__(self) -> Offload:
        self._inside = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._inside = False
        finish = asyncio.create_task(self._finish())
        interrupted: asyncio.CancelledError | None = None
        while not finish.done():
            try:
                await asyncio.shield(finish)
            except asyncio.CancelledError as exc:
                interrupted = exc
        finish.result()
        if interrupted is not None:
            raise interrupted

    async def _finish(self) -> None:
        while self._jobs:
            # Wrapped once more: how a job ended is the business of its caller, not ours.
            ends = [asyncio.wrap_future(job) for job in list(self._jobs)]
            await asyncio.gather(*ends, return_exceptions=True)
            await asyncio.sleep(0)
        for pool in self._pools.values():
            await offload(pool.shutdown)

    def _pool(self, kind: str) -> Executor:
        if not self._inside:
            raise RuntimeError("only inside of the block")
        if kind not in self._pools:
            if kind == "threads":
                self._pools[kind] = ThreadPoolExecutor(self._sizes[kind])
            else:
                spawn = multiprocessing.get_context("spawn")
                self._pools[kind] = ProcessPoolExecutor(self._sizes[kind], mp_context=spawn)
        return self._pools[kind]

    async def _result(self, job: Future[T]) -> T:
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return await asyncio.wrap_future(job)

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        context = contextvars.copy_context()
        call = functools.partial(fn, *args, **kwargs)
        return await self._result(self._pool("threads").submit(context.run, call))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._result(self._pool("processes").submit(fn, *args, **kwargs))
