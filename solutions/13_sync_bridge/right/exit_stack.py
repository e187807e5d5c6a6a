"""An AsyncExitStack owns the pools; each pool leaves its own asynchronous closing callback on it."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _start(fn: Callable[..., T], /, *args: Any) -> Future[T]:
    """Run fn in a fresh thread and return its future."""
    future: Future[T] = Future()

    def work() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            value = fn(*args)
        except BaseException as exc:
            future.set_exception(exc)
        else:
            future.set_result(value)

    threading.Thread(target=work).start()
    return future


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.wrap_future(_start(fn, *args))


async def _close(pool: Executor) -> None:
    end = asyncio.wrap_future(_start(pool.shutdown))
    cancelled: list[asyncio.CancelledError] = []
    while not end.done():
        try:
            await asyncio.wait((end,))
        except asyncio.CancelledError as exc:
            cancelled.append(exc)
    end.result()
    if cancelled:
        raise cancelled[0]


class Offload:
    _threads: ThreadPoolExecutor
    _processes: ProcessPoolExecutor

    def __init__(self, *, threads: int, processes: int) -> None:
        self._stack = AsyncExitStack()
        self._numbers = threads, processes
        self._usable = False

    async def __aenter__(self) -> Offload:
        await self._stack.__aenter__()
        threads, processes = self._numbers
        self._threads = ThreadPoolExecutor(threads)
        self._stack.push_async_callback(_close, self._threads)
        self._processes = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
        self._stack.push_async_callback(_close, self._processes)
        self._usable = True
        # The last thing pushed is the first thing done: no new work from then on.
        self._stack.callback(setattr, self, "_usable", False)
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._stack.__aexit__(*exc_info)

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._usable:
            raise RuntimeError("not open")
        context = contextvars.copy_context()
        job = self._threads.submit(lambda: context.run(fn, *args, **kwargs))
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._usable:
            raise RuntimeError("not open")
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
