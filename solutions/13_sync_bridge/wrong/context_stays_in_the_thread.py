"""The caller's variables are set in the worker thread one by one, where the next caller finds them.

Fails: test_context_variables_reach_the_thread
Says: The caller had not set the context variable, whose default is 'nobody', but the function in the thread saw 'ada'
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


def _with_variables(context: contextvars.Context, call: Callable[[], T]) -> T:
    for variable, value in context.items():
        variable.set(value)
    return call()


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
        call = functools.partial(fn, *args, **kwargs)
        job = self._threads.submit(_with_variables, contextvars.copy_context(), call)
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
