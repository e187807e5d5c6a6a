"""run_in_executor(None, ...) for single calls and for closing the own pools one after the other."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, fn, *args)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="offload")
        self._process_pool = ProcessPoolExecutor(max_workers=processes, mp_context=multiprocessing.get_context("spawn"))

    async def __aenter__(self) -> Offload:
        self._loop = asyncio.get_running_loop()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        loop, self._loop = self._loop, None
        assert loop is not None
        hurry: asyncio.CancelledError | None = None
        for pool in (self._process_pool, self._thread_pool):
            closed = loop.run_in_executor(None, pool.shutdown)
            while not closed.done():
                try:
                    await asyncio.shield(closed)
                except asyncio.CancelledError as cancelled:
                    hurry = cancelled
            closed.result()
        if hurry is not None:
            raise hurry

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("Offload works only inside of its block")
        return self._loop

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(fn, *args, **kwargs)
        return await self._running().run_in_executor(self._thread_pool, contextvars.copy_context().run, call)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        call = functools.partial(fn, *args, **kwargs)
        return await self._running().run_in_executor(self._process_pool, call)
