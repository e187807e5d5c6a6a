"""Kata 13: synchronous code in asyncio.

Write the function and the class below. Keep their names and signatures; add whatever helpers you like.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    """Run `fn(*args)` in a worker thread and return its value; the event loop goes on meanwhile.

    An exception of `fn` is raised here.
    Cancelling the caller ends this await promptly, although a running `fn` cannot be stopped and runs on.
    """
    raise NotImplementedError


class Offload:
    """Runs synchronous functions in at most `threads` threads and `processes` processes of its own.

    Use it as an asynchronous context manager. The pools are made once and reused for every call.
    Leaving the block waits for every job that was handed in, also for one that is still queued, without blocking
    the event loop. Afterwards no thread and no process is left, and both methods raise RuntimeError.
    """

    def __init__(self, *, threads: int, processes: int) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in one of the threads and return its value or raise its exception.

        `fn` sees the caller's context variables. Up to `threads` jobs run at once, never more.
        Cancelling the caller ends this await promptly, although a running `fn` cannot be stopped and runs on.
        """
        raise NotImplementedError

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn`, an importable function, in one of the processes and return its value or raise its exception."""
        raise NotImplementedError
