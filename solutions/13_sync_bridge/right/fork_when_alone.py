"""Workers are forked at entering, before any thread of ours; if other threads exist already they are spawned."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.to_thread(fn, *args)


def _alone() -> bool:
    """Whether this process has no other thread, counted by the system: dying ones are threads too."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._threads = threads
        self._processes = processes
        self._thread_pool: Executor | None = None
        self._process_pool: Executor | None = None

    async def __aenter__(self) -> Offload:
        alone = _alone()
        context = multiprocessing.get_context("fork" if alone else "spawn")
        self._process_pool = ProcessPoolExecutor(self._processes, mp_context=context)
        if alone:
            # With fork the first job starts all workers, so it must not wait for a user's job.
            try:
                await asyncio.wrap_future(self._process_pool.submit(os.getpid))
            except BaseException:
                await self.__aexit__()
                raise
        self._thread_pool = ThreadPoolExecutor(self._threads)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pools = [pool for pool in (self._thread_pool, self._process_pool) if pool is not None]
        self._thread_pool = self._process_pool = None
        loop = asyncio.get_running_loop()
        closed = asyncio.Event()

        def close() -> None:
            for pool in pools:
                pool.shutdown()
            loop.call_soon_threadsafe(closed.set)

        closer = threading.Thread(target=close)
        closer.start()
        cancelled: asyncio.CancelledError | None = None
        while not closed.is_set():
            try:
                await closed.wait()
            except asyncio.CancelledError as exc:
                cancelled = exc
        closer.join()
        if cancelled is not None:
            raise cancelled

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._thread_pool is None:
            raise RuntimeError("Offload is closed")
        run = contextvars.copy_context().run
        job = self._thread_pool.submit(lambda: run(fn, *args, **kwargs))
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._process_pool is None:
            raise RuntimeError("Offload is closed")
        return await asyncio.wrap_future(self._process_pool.submit(fn, *args, **kwargs))
