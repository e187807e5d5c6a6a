"""asyncio.Runner for both halves; in the background its loop runs forever, and leaving the Runner's block cleans up."""

import asyncio
import queue
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    with suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop():
        raise RuntimeError("run_fresh() cannot be called while a loop runs in this thread")
    with asyncio.Runner() as runner:
        return runner.run(main())


class _LoopThread(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="loop")
        self.hello: queue.SimpleQueue[AbstractEventLoop] = queue.SimpleQueue()

    def run(self) -> None:
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            self.hello.put(loop)
            loop.run_forever()


class BackgroundLoop:
    _thread: _LoopThread
    _loop: AbstractEventLoop

    def __init__(self) -> None:
        self._closing = False
        self._mutex = threading.Lock()

    def __enter__(self) -> "BackgroundLoop":
        self._thread = _LoopThread()
        self._thread.start()
        self._loop = self._thread.hello.get()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        refusal = None
        future = None
        with self._mutex:
            if self._closing:
                refusal = "run() after close()"
            elif threading.get_ident() == self._thread.ident:
                refusal = "run() inside the loop would wait forever"
            else:
                future = asyncio.run_coroutine_threadsafe(coro, self._loop)
        if future is None:
            coro.close()
            raise RuntimeError(refusal)
        try:
            return future.result(timeout)
        finally:
            future.cancel()

    def close(self) -> None:
        with self._mutex:
            first, self._closing = not self._closing, True
            if first:
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
