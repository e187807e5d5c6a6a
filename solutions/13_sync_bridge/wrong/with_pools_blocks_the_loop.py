"""An ExitStack leaves the with blocks of the pools, which wait in the thread of the loop.

Fails: test_leaving_waits_for_every_job
Says: The event loop was blocked: it could not answer while a function was
"""

from __future__ import annotations

import asyncio
import contextlib
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
        self._stack = contextlib.ExitStack()

    async def __aenter__(self) -> Offload:
        threads, processes = self._sizes
        spawn = multiprocessing.get_context("spawn")
        self._pools = (
            self._stack.enter_context(ThreadPoolExecutor(threads)),
            self._stack.enter_context(ProcessPoolExecutor(processes, mp_context=spawn)),
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._pools = None
        self._stack.close()

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
