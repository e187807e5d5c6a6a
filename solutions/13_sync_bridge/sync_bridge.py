"""Kata 13, reference: two pools, a context per job, and a shutdown that waits in a thread of its own."""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    """Run `fn(*args)` in a worker thread and return its value; the event loop goes on meanwhile."""
    return await asyncio.to_thread(fn, *args)


class Offload:
    """Runs synchronous functions in at most `threads` threads and `processes` processes of its own."""

    def __init__(self, *, threads: int, processes: int) -> None:
        self._threads = ThreadPoolExecutor(threads)
        self._processes = ProcessPoolExecutor(processes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # shutdown() blocks until the last job is done; from here on both pools refuse new jobs.
        await asyncio.gather(asyncio.to_thread(self._threads.shutdown), asyncio.to_thread(self._processes.shutdown))

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in one of the threads and return its value or raise its exception."""
        job = functools.partial(contextvars.copy_context().run, fn, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn`, an importable function, in one of the processes and return its value or raise its exception."""
        job = functools.partial(fn, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._processes, job)
