"""An asynccontextmanager generator opens and closes the pools, the class only enters and leaves it."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.to_thread(fn, *args)


@asynccontextmanager
async def _open(pool: Executor) -> AsyncIterator[Executor]:
    """The pool, closed at the end by a task that nobody can cancel."""
    try:
        yield pool
    finally:
        closing = asyncio.create_task(asyncio.to_thread(pool.shutdown))
        pending: asyncio.CancelledError | None = None
        while not closing.done():
            try:
                await asyncio.wait({closing})
            except asyncio.CancelledError as exc:
                pending = exc
        closing.result()
        if pending is not None:
            raise pending


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._life: AbstractAsyncContextManager[None] = self._live(threads, processes)
        self._pools: tuple[Executor, Executor] | None = None

    @asynccontextmanager
    async def _live(self, threads: int, processes: int) -> AsyncIterator[None]:
        spawn = multiprocessing.get_context("spawn")
        async with (
            _open(ThreadPoolExecutor(threads)) as thread_pool,
            _open(ProcessPoolExecutor(processes, mp_context=spawn)) as process_pool,
        ):
            self._pools = thread_pool, process_pool
            try:
                yield
            finally:
                self._pools = None

    async def __aenter__(self) -> Offload:
        await self._life.__aenter__()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._life.__aexit__(*exc_info)

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pools is None:
            raise RuntimeError("Offload is not in use")
        run = contextvars.copy_context().run
        job = self._pools[0].submit(lambda: run(fn, *args, **kwargs))
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pools is None:
            raise RuntimeError("Offload is not in use")
        return await asyncio.wrap_future(self._pools[1].submit(fn, *args, **kwargs))
