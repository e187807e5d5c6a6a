"""Kata 03: the event loop, and how to get one.

Write the functions and the class below. Keep their names and signatures; add whatever helpers you like.
"""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or None where none runs.

    A loop that is merely set, or runs in another thread, does not count. Never creates a loop, and never warns.
    """
    raise NotImplementedError


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main()` on a new event loop and return its value, or raise its exception.

    However it ends, afterwards tasks that were still running have been cancelled and have cleaned up, asynchronous
    generators that were left half-way have been shut down, and the loop is closed.

    Raises RuntimeError when this thread already runs a loop. Nothing of `main` runs then, and no coroutine is left
    that was never awaited.
    """
    raise NotImplementedError


class BackgroundLoop:
    """One event loop that runs in one thread of its own, for synchronous code in other threads.

    Use it as a context manager. The loop goes on between calls. Leaving the block closes it, as `close` does; an
    exception that was raised in the block leaves it.
    """

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `coro` on the loop, block the calling thread meanwhile, and return its value or raise its exception.

        Calls from several threads overlap. After `timeout` seconds (None: never) the coroutine is cancelled, and the
        call raises TimeoutError. When the loop is closed meanwhile, the call ends with CancelledError, that of asyncio
        or that of concurrent.futures.

        After `close`, and on the loop's own thread, where it would wait for itself, it raises RuntimeError, and closes
        the coroutine it refuses.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Cancel what is left on the loop, wait for its cleanup, close the loop, and wait until its thread has ended.

        May be called again; then it does nothing.
        """
        raise NotImplementedError
