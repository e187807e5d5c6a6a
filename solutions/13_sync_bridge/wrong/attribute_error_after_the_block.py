"""The pools are gone after the block, using them gives an AttributeError.

Fails: test_afterwards_both_methods_refuse
Says: The block was left, and then Offload.in_thread raised AttributeError:
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
    return await asyncio.to_thread(fn, *args)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads)
        context = multiprocessing.get_context("spawn")
        self._processes = ProcessPoolExecutor(max_workers=processes, mp_context=context)

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        threads, processes = self._threads, self._processes
        del self._threads, self._processes

        def close() -> None:
            threads.shutdown()
            processes.shutdown()

        await _outlast(asyncio.ensure_future(asyncio.to_thread(close)))

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        context = contextvars.copy_context()
        call = functools.partial(fn, *args, **kwargs)
        return await asyncio.wrap_future(self._threads.submit(context.run, call))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
