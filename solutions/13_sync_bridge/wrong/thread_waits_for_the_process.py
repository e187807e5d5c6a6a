"""A thread of the pool waits for the process, so that every job in a process takes up a thread, too.

Fails: test_processes_are_others_and_reused
Says: threads=1, and while a job ran in the process, a job for the thread did not begin.
"""

from __future__ import annotations

import asyncio
import contextvars
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
        self._closed = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._closed = True

        def close() -> None:
            self._threads.shutdown()
            self._processes.shutdown()

        await _outlast(asyncio.ensure_future(asyncio.to_thread(close)))

    def _check(self) -> None:
        if self._closed:
            raise RuntimeError("this Offload has been left")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        run = contextvars.copy_context().run
        return await asyncio.wrap_future(self._threads.submit(lambda: run(fn, *args, **kwargs)))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()

        def wait() -> T:
            return self._processes.submit(fn, *args, **kwargs).result()

        return await asyncio.wrap_future(self._threads.submit(wait))
