"""The thread runs asyncio.run on a coroutine that waits for an Event; asyncio.run cleans up."""

import asyncio
import concurrent.futures
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


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("this thread already runs an event loop")
    return asyncio.run(main())


class BackgroundLoop:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._ready: concurrent.futures.Future[tuple[AbstractEventLoop, asyncio.Event]] = concurrent.futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="background-loop")

    async def _main(self) -> None:
        stop = asyncio.Event()
        self._ready.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()

    def __enter__(self) -> "BackgroundLoop":
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        loop, _ = self._ready.result()
        if current_loop() is loop:
            coro.close()
            raise RuntimeError("run() would wait for its own thread")
        with self._lock:
            if self._closed:
                coro.close()
                raise RuntimeError("the background loop is closed")
            future = asyncio.run_coroutine_threadsafe(coro, loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                loop, stop = self._ready.result()
                loop.call_soon_threadsafe(stop.set)
        self._thread.join()
