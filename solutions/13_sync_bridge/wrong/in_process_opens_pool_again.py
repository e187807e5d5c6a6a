"""After the block in_process makes a new pool on first use and simply works.

Fails: test_afterwards_both_methods_refuse
Says: The block was left, and then Offload.in_process returned
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def _outlast(future: asyncio.Future[Any]) -> None:
    """Wait until the future is done, even when cancelled meanwhile; then pass the cancellation on."""
    interruption: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as exc:
            interruption = exc
    future.result()
    if interruption is not None:
        raise interruption


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, fn, *args)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = threads, processes
        self._threads: ThreadPoolExecutor | None = None
        self._processes: ProcessPoolExecutor | None = None
        self._left = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._left = True
        pools: list[Executor] = [p for p in (self._threads, self._processes) if p is not None]
        self._threads = self._processes = None

        def close() -> None:
            for pool in pools:
                pool.shutdown()

        await _outlast(asyncio.ensure_future(asyncio.to_thread(close)))

    def _check(self) -> None:
        if self._left:
            raise RuntimeError("left")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._sizes[0])
        context = contextvars.copy_context()
        call = functools.partial(fn, *args, **kwargs)
        return await asyncio.wrap_future(self._threads.submit(context.run, call))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._processes is None:
            spawn = multiprocessing.get_context("spawn")
            self._processes = ProcessPoolExecutor(self._sizes[1], mp_context=spawn)
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
