"""close cancels in rounds, those included that come meanwhile, and joins a second at a time."""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("this thread runs a loop already")
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main())
    finally:
        while end_round(loop):
            pass
        finish(loop)


def end_round(loop: AbstractEventLoop) -> bool:
    """Cancel all tasks there are now and wait for them; tell whether there were any."""
    loop.run_until_complete(asyncio.sleep(0))
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
    return bool(tasks)


def finish(loop: AbstractEventLoop) -> None:
    """Close a loop that has no tasks left."""
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


class BackgroundLoop:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on_the_way = 0
        self._closing = self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _serve(self) -> None:
        self._loop.run_forever()
        while not self._closed:
            if not end_round(self._loop):
                with self._lock:
                    self._closed = not self._on_the_way
        finish(self._loop)

    def _begin(self, coro: Coroutine[Any, Any, T], outcome: "Future[T]") -> None:
        task = self._loop.create_task(coro)
        with self._lock:
            self._on_the_way -= 1
        task.add_done_callback(lambda task: self._hand_over(task, outcome))
        outcome.add_done_callback(lambda _: None if task.done() else self._loop.call_soon_threadsafe(task.cancel))

    def _hand_over(self, task: "asyncio.Task[T]", outcome: "Future[T]") -> None:
        failure = CancelledError() if task.cancelled() else task.exception()
        if not outcome.set_running_or_notify_cancel():
            return
        if failure is None:
            outcome.set_result(task.result())
        else:
            outcome.set_exception(failure)

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        outcome: Future[T] = Future()
        with self._lock:
            refused = self._closed or current_loop() is self._loop
            if not refused:
                self._on_the_way += 1
                self._loop.call_soon_threadsafe(self._begin, coro, outcome)
        if refused:
            coro.close()
            raise RuntimeError("closed, or called on the loop's own thread")
        try:
            return outcome.result(timeout)
        finally:
            outcome.cancel()

    def close(self) -> None:
        with self._lock:
            if not self._closing:
                self._closing = True
                self._loop.call_soon_threadsafe(self._loop.stop)
        while self._thread.is_alive():
            self._thread.join(timeout=1)
