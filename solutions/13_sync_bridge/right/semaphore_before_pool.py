"""A semaphore in front of a pool that is larger than allowed; a place is given back when the thread is done."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, fn, *args)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._places = asyncio.Semaphore(threads)
        self._threads = ThreadPoolExecutor(max_workers=4 * threads + 4)
        self._processes = ProcessPoolExecutor(max_workers=processes, mp_context=multiprocessing.get_context("spawn"))
        self._handed_in = 0
        self._quiet: asyncio.Future[None] | None = None
        self._over = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._over = True
        loop = asyncio.get_running_loop()
        self._quiet = loop.create_future()
        self._look()
        cancelled = await self._outlast(self._quiet)
        joined: asyncio.Future[None] = loop.create_future()

        def join() -> None:
            self._threads.shutdown()
            self._processes.shutdown()
            loop.call_soon_threadsafe(joined.set_result, None)

        helper = threading.Thread(target=join)
        helper.start()
        cancelled = await self._outlast(joined) or cancelled
        helper.join()
        if cancelled:
            raise asyncio.CancelledError

    @staticmethod
    async def _outlast(future: asyncio.Future[None]) -> bool:
        cancelled = False
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                cancelled = True
        return cancelled

    def _look(self) -> None:
        if self._handed_in == 0 and self._quiet is not None and not self._quiet.done():
            self._quiet.set_result(None)

    def _thread_done(self) -> None:
        self._places.release()
        self._handed_in -= 1
        self._look()

    def _check(self) -> None:
        if self._over:
            raise RuntimeError("Offload has been left")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()

        def call() -> T:
            return context.run(fn, *args, **kwargs)

        self._handed_in += 1
        try:
            await self._places.acquire()
        except BaseException:
            self._handed_in -= 1
            self._look()
            raise
        job = self._threads.submit(call)
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._thread_done))
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
