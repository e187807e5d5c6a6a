"""Executor.submit and asyncio.wrap_future everywhere; a throw-away executor of one thread for a single call."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    executor = ThreadPoolExecutor(max_workers=1)
    try:
        return await asyncio.wrap_future(executor.submit(fn, *args))
    finally:
        executor.shutdown(wait=False)  # the thread ends with its only job


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = threads, processes
        self._pools: tuple[ThreadPoolExecutor, ProcessPoolExecutor] | None = None

    async def __aenter__(self) -> Offload:
        threads, processes = self._sizes
        self._pools = (
            ThreadPoolExecutor(threads),
            ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")),
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._pools is not None
        pools: tuple[Executor, ...] = self._pools
        self._pools = None
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def close() -> None:
            for pool in pools:
                pool.shutdown(wait=True)
            loop.call_soon_threadsafe(over.set)

        closer = threading.Thread(target=close)
        closer.start()
        interrupted = False
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                interrupted = True
        closer.join()
        if interrupted:
            raise asyncio.CancelledError

    def _open_pools(self) -> tuple[ThreadPoolExecutor, ProcessPoolExecutor]:
        if self._pools is None:
            raise RuntimeError("Offload is not open")
        return self._pools

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        pool, _ = self._open_pools()
        run = contextvars.copy_context().run
        return await asyncio.wrap_future(pool.submit(lambda: run(fn, *args, **kwargs)))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        _, pool = self._open_pools()
        return await asyncio.wrap_future(pool.submit(fn, *args, **kwargs))
