"""A threading.Thread of its own for a single call, answering through call_soon_threadsafe; pools made on first use."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()
    values: list[T] = []
    errors: list[BaseException] = []

    def tell() -> None:
        if not finished.done():
            finished.set_result(None)

    def work() -> None:
        try:
            values.append(fn(*args))
        except BaseException as exc:
            errors.append(exc)
        # When the caller was cancelled the loop may be gone already.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell)

    thread = threading.Thread(target=work)
    thread.start()
    await finished
    thread.join()
    try:
        if errors:
            raise errors[0]
        return values[0]
    finally:
        errors.clear()


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._thread_count = threads
        self._process_count = processes
        self._thread_pool: ThreadPoolExecutor | None = None
        self._process_pool: ProcessPoolExecutor | None = None
        self._left = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._left = True
        pools: list[Executor | None] = [self._thread_pool, self._process_pool]

        def close() -> None:
            for pool in pools:
                if pool is not None:
                    pool.shutdown(wait=True)

        closing = asyncio.create_task(offload(close))
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            # Leaving waits for every job, even when we are asked to hurry; afterwards we obey.
            while not closing.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({closing})
            raise

    def _check(self) -> None:
        if self._left:
            raise RuntimeError("Offload used after its block")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        if self._thread_pool is None:
            self._thread_pool = ThreadPoolExecutor(self._thread_count)
        context = contextvars.copy_context()
        job = self._thread_pool.submit(lambda: context.run(fn, *args, **kwargs))
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        if self._process_pool is None:
            context = multiprocessing.get_context("spawn")
            self._process_pool = ProcessPoolExecutor(self._process_count, mp_context=context)
        return await asyncio.wrap_future(self._process_pool.submit(fn, *args, **kwargs))
