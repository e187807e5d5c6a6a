"""An exception of fn in the thread is dropped, the caller gets None.

Fails: test_arguments_and_exceptions
Says: The function raised LookupError: no such page in its thread, but
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar, cast

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
        self._pools: tuple[ThreadPoolExecutor, ProcessPoolExecutor] | None = None

    async def __aenter__(self) -> Offload:
        threads, processes = self._sizes
        spawn = multiprocessing.get_context("spawn")
        self._pools = ThreadPoolExecutor(threads), ProcessPoolExecutor(processes, mp_context=spawn)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pools, self._pools = self._pools, None
        assert pools is not None
        loop = asyncio.get_running_loop()
        await _outlast(asyncio.gather(*[loop.run_in_executor(None, pool.shutdown) for pool in pools]))

    def _open(self) -> tuple[ThreadPoolExecutor, ProcessPoolExecutor]:
        if self._pools is None:
            raise RuntimeError("Offload is not open")
        return self._pools

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        run = contextvars.copy_context().run
        pool = self._open()[0]
        try:
            return await loop.run_in_executor(pool, lambda: run(fn, *args, **kwargs))
        except Exception:
            return cast(T, None)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._open()[1], functools.partial(fn, *args, **kwargs))
