"""An own thread pool over a deque and a Condition, starting threads only when all others are busy."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _ThreadPool:
    def __init__(self, size: int) -> None:
        self._size = size
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def submit(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the thread pool is closed")
            self._waiting.append((future, call))
            if len(self._waiting) > self._idle and len(self._threads) < self._size:
                thread = threading.Thread(target=self._work)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if not self._waiting:
                    return
                future, call = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                try:
                    value = call()
                except BaseException as exc:
                    future.set_exception(exc)
                else:
                    future.set_result(value)
            del future, call

    def refuse(self) -> None:
        """No more jobs from now on; what has been handed in will still be done."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    pool = _ThreadPool(1)
    future = pool.submit(lambda: fn(*args))
    pool.refuse()
    return await asyncio.wrap_future(future)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._pool = _ThreadPool(threads)
        self._workers = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
        self._ended = False

    async def __aenter__(self) -> Offload:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._ended = True
        self._pool.refuse()

        def join() -> None:
            self._pool.join()
            self._workers.shutdown()

        task = asyncio.ensure_future(offload(join))
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as exc:
                cancelled = exc
        task.result()
        if cancelled is not None:
            raise cancelled

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        context = contextvars.copy_context()
        job = self._pool.submit(lambda: context.run(fn, *args, **kwargs))
        return await asyncio.wrap_future(job)

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._ended:
            raise RuntimeError("the block has been left")
        return await asyncio.wrap_future(self._workers.submit(fn, *args, **kwargs))
