"""Kata 12: an event loop of your own, on top of a selector.

Write the class below. Keep its name, its methods and their signatures; add whatever helpers you like.
No asyncio inside: coroutines are resumed by the loop itself (kata 02 is about how).
"""

import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class HasFileno(Protocol):
    """A file object as selectors take it: a socket, for example."""

    def fileno(self) -> int:
        """Return the number of its file descriptor."""
        ...


class MiniLoop:
    """Runs coroutines in turns on one thread; waits for time and for file objects in one call of `selector.select()`.

    `selector` is the only thing the loop waits with, `clock` the only clock it knows (seconds, never going back).
    Neither need be real. As the documentation of selectors says, `select()` may come back early with no event at all,
    and nobody promises that it comes back in time. `select(None)` waits for as long as it takes.

    The loop runs whoever is ready, first in, first out, each until its next suspension.
    It calls `select()` with a timeout that lets it wait only where nobody is ready, and then until the next deadline
    or event: it never looks again and again while there is nothing to do.
    Nothing starves: coroutines that are always ready, such as one that sleeps 0 seconds without end, keep neither
    timers nor file objects from being seen.
    """

    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        raise NotImplementedError

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` to its end; return its value or raise its exception. Called once for each loop.

        When `main` ends, `run` ends too, without waiting for anybody. The coroutines that remain, those that never
        ran included, have been closed by then.
        """
        raise NotImplementedError

    def spawn(self, coro: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Put `coro` at the end of the ready queue, without running it, and return a handle to await.

        Awaiting the handle waits until `coro` has ended, and gives its value or raises its exception.
        Several coroutines may await one handle, and it can still be awaited when `coro` has ended, again and again.
        An Exception of `coro` is raised there only; it never stops the loop.
        """
        raise NotImplementedError

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Return something to await that lasts `seconds`, which is not negative.

        Sleepers wake in the order of their deadlines, those with equal deadlines in the order in which they began.
        `sleep(0)` puts its caller at the end of the ready queue at once.
        """
        raise NotImplementedError

    def readable(self, fileobj: HasFileno) -> Awaitable[None]:
        """Return something to await until there is something to read from `fileobj`.

        The file object is registered with the selector while somebody waits for it, and unregistered after its event,
        so that it can be awaited again and again. One reader at a time.
        """
        raise NotImplementedError
