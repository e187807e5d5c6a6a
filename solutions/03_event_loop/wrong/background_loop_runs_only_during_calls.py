"""The thread drives the loop with run_until_complete: between calls it stands still.

Fails: test_work_goes_on_between_calls
Says: run had started a task and returned; then the task could have gone
"""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def dismantle(loop: AbstractEventLoop) -> None:
    """Cancel what is left, wait for it, shut down generators and threads, close."""
    try:
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("an event loop is running in this thread")
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        dismantle(loop)


class BackgroundLoop:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> "BackgroundLoop":
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._ident = self._pool.submit(threading.get_ident).result()
        self._tasks: set[asyncio.Task[Any]] = set()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _drive(self, coro: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            coro.close()
            raise asyncio.CancelledError
        task = self._loop.create_task(coro)
        self._tasks.add(task)
        try:
            return self._loop.run_until_complete(task)
        finally:
            self._tasks.discard(task)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if threading.get_ident() == self._ident:
            coro.close()
            raise RuntimeError("run() called from the thread of the loop")
        with self._lock:
            if self._closed:
                coro.close()
                raise RuntimeError("run() called after close()")
            future = self._pool.submit(self._drive, coro)
        try:
            return future.result(timeout)
        except TimeoutError:
            if not future.done():
                self._loop.call_soon_threadsafe(self._cancel)
            raise

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._cancel)
                self._pool.submit(dismantle, self._loop).result()
                self._pool.shutdown()
