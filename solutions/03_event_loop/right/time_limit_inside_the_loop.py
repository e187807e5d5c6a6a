"""The time limit lives in the loop: run() returns when the cancelled coroutine has cleaned up."""

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
        raise RuntimeError("no second loop in this thread")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(main())


class BackgroundLoop:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._started = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: AbstractEventLoop | None = None
        self._stop: asyncio.Future[None] | None = None

    async def _stay(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = self._loop.create_future()
        self._started.set()
        await self._stop

    def __enter__(self) -> "BackgroundLoop":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._stay()))
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if current_loop() is self._loop:
            coro.close()
            raise RuntimeError("the loop cannot wait for itself")
        outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
        with self._lock:
            if self._closed:
                coro.close()
                raise RuntimeError("the loop is closed")
            self._loop.call_soon_threadsafe(self._begin, coro, timeout, outcome)
        return outcome.result()

    def _begin(self, coro: Coroutine[Any, Any, T], timeout: float | None, outcome: Any) -> None:
        task = self._loop.create_task(coro)
        expired: list[bool] = []

        def expire() -> None:
            if not task.cancelling():
                expired.append(True)
                task.cancel()

        timer = None if timeout is None else self._loop.call_later(max(timeout, 0), expire)

        def settle(task: "asyncio.Task[T]") -> None:
            if timer is not None:
                timer.cancel()
            failure = None if task.cancelled() else task.exception()
            if expired:
                outcome.set_exception(TimeoutError(f"cancelled after {timeout} s"))
            elif task.cancelled():
                outcome.cancel()
                outcome.set_running_or_notify_cancel()
            elif failure is not None:
                outcome.set_exception(failure)
            else:
                outcome.set_result(task.result())

        task.add_done_callback(settle)

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set_result, None)
        self._thread.join()
