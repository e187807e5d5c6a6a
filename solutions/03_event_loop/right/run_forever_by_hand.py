"""Everything by hand: new_event_loop, run_forever, and a shutdown that cancels until nothing is left."""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    return asyncio._get_running_loop()


def dismantle(loop: AbstractEventLoop) -> None:
    """Cancel what is left, wait for it, shut down generators and threads, close."""
    try:
        while tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.wait(tasks))
            for task in tasks:
                if not task.cancelled() and task.exception() is not None:
                    loop.call_exception_handler(
                        {"message": "a cancelled task failed", "exception": task.exception(), "task": task}
                    )
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
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._gate = threading.RLock()
        self._open = True

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            dismantle(self._loop)

    def __enter__(self) -> "BackgroundLoop":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if threading.current_thread() is self._thread:
            coro.close()
            raise RuntimeError("run() called from the thread of the loop")
        with self._gate:
            if not self._open:
                coro.close()
                raise RuntimeError("closed")
            answer = asyncio.run_coroutine_threadsafe(coro, self._loop)
        try:
            return answer.result(timeout)
        except TimeoutError:
            answer.cancel()
            raise

    def close(self) -> None:
        with self._gate:
            if self._open:
                self._open = False
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
