"""The pools are shut down in the thread of the loop, which stands still meanwhile.

Fails: test_leaving_waits_for_every_job
Says: The event loop was blocked: it could not answer while a function was
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
        self._threads.shutdown(wait=True)
        self._processes.shutdown(wait=True)

    def _check(self) -> None:
        if self._closed:
            raise RuntimeError("this Offload has been left")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        context = contextvars.copy_context()
        call = functools.partial(fn, *args, **kwargs)
        return await asyncio.wrap_future(self._threads.submit(context.run, call))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
