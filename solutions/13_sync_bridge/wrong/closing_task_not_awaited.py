"""The shutdown is started as a task, but leaving does not await it.

Fails: test_as_many_threads_as_allowed
Says: 1 task was still running when the check ended:
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, fn, *args)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = threads, processes
        self._pools: tuple[ThreadPoolExecutor, ProcessPoolExecutor] | None = None
        self._closing: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Offload:
        threads, processes = self._sizes
        spawn = multiprocessing.get_context("spawn")
        self._pools = ThreadPoolExecutor(threads), ProcessPoolExecutor(processes, mp_context=spawn)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pools, self._pools = self._pools, None
        assert pools is not None

        def close() -> None:
            for pool in pools:
                pool.shutdown()

        self._closing = asyncio.ensure_future(asyncio.to_thread(close))

    def _open(self) -> tuple[ThreadPoolExecutor, ProcessPoolExecutor]:
        if self._pools is None:
            raise RuntimeError("Offload is not open")
        return self._pools

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        run = contextvars.copy_context().run
        return await loop.run_in_executor(self._open()[0], lambda: run(fn, *args, **kwargs))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._open()[1], functools.partial(fn, *args, **kwargs))
