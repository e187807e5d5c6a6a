"""close waits for the thread two seconds at most.

Fails: test_close_cancels_waits_and_joins
Says: for more than 2 s, and close returned meanwhile
"""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or None where none runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main()` on a new event loop and return its value, or raise its exception."""
    # asyncio.run refuses too, but only when the coroutine it will never await has been made.
    if current_loop() is not None:
        raise RuntimeError("this thread runs an event loop already")
    return asyncio.run(main())


class BackgroundLoop:
    """One event loop that runs in one thread of its own, for synchronous code in other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._started: Future[tuple[AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._serve, name="background loop")

    def _serve(self) -> None:
        async def until_stopped() -> None:
            stop = asyncio.Event()
            self._started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

        # On its way out this cancels what is left, waits for the cleanup, and closes the loop.
        asyncio.run(until_stopped())

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop, self._stop = self._started.result()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `coro` on the loop, block the calling thread meanwhile, and return its value or raise its exception."""
        # Under the lock nothing can be handed in after the loop has been told to stop, to be forgotten there.
        with self._lock:
            if self._closed or threading.current_thread() is self._thread:
                coro.close()
                raise RuntimeError("the loop is closed" if self._closed else "run() would wait for its own thread")
            future = asyncio.run_coroutine_threadsafe(coro, self._loop)
        try:
            return future.result(timeout)
        except TimeoutError:
            # Does nothing where the coroutine itself has raised it.
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what is left, wait for its cleanup, close the loop, and wait until its thread has ended."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=2)
