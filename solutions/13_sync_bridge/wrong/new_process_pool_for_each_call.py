"""Every call of in_process makes a process pool of its own.

Fails: test_processes_are_others_and_reused
Says: processes=1, but three calls ran in 3 different processes.
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
        self._number = processes
        self._threads = ThreadPoolExecutor(threads)
        self._used: list[ProcessPoolExecutor] = []
        self._closed = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._closed = True

        def close() -> None:
            for pool in (self._threads, *self._used):
                pool.shutdown()

        await _outlast(asyncio.ensure_future(asyncio.to_thread(close)))

    def _check(self) -> None:
        if self._closed:
            raise RuntimeError("this Offload has been left")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        context = contextvars.copy_context()
        call = functools.partial(fn, *args, **kwargs)
        return await asyncio.wrap_future(self._threads.submit(context.run, call))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        spawn = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self._number, mp_context=spawn)
        self._used.append(pool)
        return await asyncio.wrap_future(pool.submit(fn, *args, **kwargs))
