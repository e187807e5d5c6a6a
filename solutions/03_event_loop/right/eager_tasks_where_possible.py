"""The background loop starts its tasks eagerly on 3.12 and later; a done callback hands over."""

import asyncio
import sys
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    return asyncio.events._get_running_loop()


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop():
        raise RuntimeError("asyncio is already running in this thread")
    return asyncio.run(main())


class BackgroundLoop:
    def __init__(self) -> None:
        self._admission = threading.Lock()
        self._closed = False
        self._up = threading.Event()

    def __enter__(self) -> "BackgroundLoop":
        self._thread = threading.Thread(target=self._body, daemon=True)
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _body(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12):
            self._loop.set_task_factory(asyncio.eager_task_factory)
        self._stop = asyncio.Event()
        self._up.set()
        await self._stop.wait()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if threading.get_ident() == self._thread.ident:
            coro.close()
            raise RuntimeError("deadlock: run() from inside the loop")
        done = threading.Event()
        tasks: list[asyncio.Task[T]] = []

        def finish(task: "asyncio.Task[T]") -> None:
            if not task.cancelled():
                task.exception()  # seen, although the caller may have gone
            done.set()

        def begin() -> None:
            task = self._loop.create_task(coro)
            tasks.append(task)
            task.add_done_callback(finish)

        def abort() -> None:
            for task in tasks:
                task.cancel()

        with self._admission:
            if self._closed:
                coro.close()
                raise RuntimeError("run() after close()")
            self._loop.call_soon_threadsafe(begin)
        if not done.wait(timeout):
            with self._admission:
                if not self._closed:
                    self._loop.call_soon_threadsafe(abort)
            raise TimeoutError
        (task,) = tasks
        if task.cancelled():
            raise CancelledError
        return task.result()

    def close(self) -> None:
        with self._admission:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
