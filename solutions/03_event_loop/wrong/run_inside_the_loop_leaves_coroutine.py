"""run() in the loop's own thread raises RuntimeError, but the refused coroutine stays open.

Fails: test_run_refuses_where_it_cannot_work
Says: Called on the loop's own thread, run raised RuntimeError, but left
"""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
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
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            dismantle(self._loop)

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if threading.current_thread() is self._thread:
            raise RuntimeError("run() called from the thread of the loop")
        with self._lock:
            if self._closed:
                coro.close()
                raise RuntimeError("run() called after close()")
            future = asyncio.run_coroutine_threadsafe(coro, self._loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
