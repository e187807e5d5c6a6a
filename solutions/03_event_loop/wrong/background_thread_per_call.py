"""Every run() is asyncio.run in a thread of its own.

Fails: test_one_loop_in_one_other_thread
Says: Three calls of run were answered by 3 different loops.
"""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
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
        self._inside = threading.local()
        self._calls: dict[threading.Thread, tuple[AbstractEventLoop, "asyncio.Task[Any]"]] = {}

    def __enter__(self) -> "BackgroundLoop":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if getattr(self._inside, "yes", False):
            coro.close()
            raise RuntimeError("run() called from the thread of the loop")
        outcome: Future[T] = Future()
        started: Future[None] = Future()

        async def call() -> T:
            self._inside.yes = True
            task = asyncio.ensure_future(coro)
            with self._lock:
                self._calls[threading.current_thread()] = asyncio.get_running_loop(), task
                if self._closed:
                    task.cancel()
            started.set_result(None)
            return await task

        def body() -> None:
            try:
                result = asyncio.run(call())
            except asyncio.CancelledError:
                outcome.cancel()
            except BaseException as exc:
                outcome.set_exception(exc)
            else:
                outcome.set_result(result)

        with self._lock:
            closed = self._closed
        if closed:
            coro.close()
            raise RuntimeError("run() called after close()")
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        started.result()
        try:
            return outcome.result(timeout)
        except TimeoutError:
            loop, task = self._calls[thread]
            if not outcome.done():
                loop.call_soon_threadsafe(task.cancel)
            raise

    def close(self) -> None:
        with self._lock:
            self._closed = True
            calls = dict(self._calls)
        for thread, (loop, task) in calls.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(task.cancel)
            thread.join()
