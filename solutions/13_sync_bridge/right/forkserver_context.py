"""The forkserver starts the process workers; it is booted from a thread, so that entering does not block either."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.to_thread(fn, *args)


async def _through(future: asyncio.Future[T]) -> T:
    """Result of a future that is awaited to its end; a cancellation is raised afterwards."""
    cancelled = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is not None:
        if not future.cancelled():
            future.exception()
        raise cancelled
    return future.result()


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._open = False
        self._thread_pool = ThreadPoolExecutor(threads)
        self._process_pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("forkserver"))

    def _shut(self) -> None:
        self._thread_pool.shutdown()
        self._process_pool.shutdown()

    async def _in_helper(self, fn: Callable[[], T]) -> T:
        helper = ThreadPoolExecutor(1)
        try:
            return await _through(asyncio.wrap_future(helper.submit(fn)))
        finally:
            helper.shutdown()  # its only job is done

    async def __aenter__(self) -> Offload:
        def boot() -> Future[int]:
            return self._process_pool.submit(os.getpid)

        try:
            await asyncio.wrap_future(await self._in_helper(boot))
        except BaseException:
            await self._in_helper(self._shut)
            raise
        self._open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._open = False
        await self._in_helper(self._shut)

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._open:
            raise RuntimeError("Offload is not open")
        call = functools.partial(fn, *args, **kwargs)
        job = self._thread_pool.submit(contextvars.copy_context().run, call)
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._open:
            raise RuntimeError("Offload is not open")
        return await asyncio.wrap_future(self._process_pool.submit(fn, *args, **kwargs))
