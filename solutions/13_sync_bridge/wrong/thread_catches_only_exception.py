"""`except Exception` in the thread lets a BaseException go by, and with it the answer that the caller awaits.

Fails: test_offload_raises_the_exception
Says: which is no Exception but a BaseException, and offload never ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import multiprocessing
import threading
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
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(settled: Callable[[Any], None], outcome: object) -> None:
        if not answer.done():
            settled(outcome)

    def work() -> None:
        try:
            settled: Callable[[Any], None] = answer.set_result
            outcome: object = fn(*args)
        except Exception as exc:
            settled, outcome = answer.set_exception, exc
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, settled, outcome)

    threading.Thread(target=work).start()
    return await answer


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
        return await asyncio.wrap_future(self._processes.submit(fn, *args, **kwargs))
