"""A pool with one worker owns the thread, an ExitStack makes close() repeatable."""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@contextmanager
def fresh_loop() -> Iterator[AbstractEventLoop]:
    with ExitStack() as undo:
        loop = asyncio.new_event_loop()
        undo.callback(loop.close)
        undo.callback(lambda: loop.run_until_complete(loop.shutdown_default_executor()))
        undo.callback(lambda: loop.run_until_complete(loop.shutdown_asyncgens()))
        undo.callback(lambda: cancel_rest(loop))
        yield loop


def cancel_rest(loop: AbstractEventLoop) -> None:
    while rest := [task for task in asyncio.all_tasks(loop) if not task.done()]:
        for task in rest:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("this thread has a running loop")
    with fresh_loop() as loop:
        return loop.run_until_complete(main())


class BackgroundLoop:
    def __init__(self) -> None:
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._leaving = threading.Lock()
        self._closed = False
        self._loop: AbstractEventLoop | None = None

    def _drive(self, ready: "Future[AbstractEventLoop]") -> None:
        with fresh_loop() as loop:
            ready.set_result(loop)
            loop.run_forever()

    def __enter__(self) -> "BackgroundLoop":
        worker = self._stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="loop"))
        ready: Future[AbstractEventLoop] = Future()
        worker.submit(self._drive, ready)
        self._loop = ready.result()
        self._stack.callback(self._loop.call_soon_threadsafe, self._loop.stop)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        try:
            if current_loop() is self._loop:
                raise RuntimeError("run() needs another thread than the loop's")
            with self._lock:
                if self._closed:
                    raise RuntimeError("run() needs an open loop")
                future = asyncio.run_coroutine_threadsafe(coro, self._loop)
        except RuntimeError:
            coro.close()
            raise
        try:
            return future.result(timeout)
        except TimeoutError:
            future.cancel()
            raise

    def close(self) -> None:
        with self._lock:
            self._closed = True
        with self._leaving:
            self._stack.close()
