"""asyncio.to_thread for single calls, two executors made in __init__ behind run_in_executor, shut down by to_thread."""

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


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.to_thread(fn, *args)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._threads = ThreadPoolExecutor(max_workers=threads)
        # Spawned workers do not care which threads and locks exist when they are started.
        context = multiprocessing.get_context("spawn")
        self._processes = ProcessPoolExecutor(max_workers=processes, mp_context=context)
        self._closed = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._closed = True
        closing = asyncio.gather(
            asyncio.to_thread(self._threads.shutdown),
            asyncio.to_thread(self._processes.shutdown),
        )
        interruption: asyncio.CancelledError | None = None
        while not closing.done():
            try:
                await asyncio.wait([closing])
            except asyncio.CancelledError as exc:
                interruption = exc
        closing.result()
        if interruption is not None:
            raise interruption

    async def _run(self, executor: Executor, call: Callable[[], T]) -> T:
        if self._closed:
            raise RuntimeError("this Offload has been left")
        return await asyncio.get_running_loop().run_in_executor(executor, call)

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        context = contextvars.copy_context()
        return await self._run(self._threads, lambda: context.run(fn, *args, **kwargs))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(self._processes, functools.partial(fn, *args, **kwargs))
