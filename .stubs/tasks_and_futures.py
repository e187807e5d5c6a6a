"""Kata 04: tasks and futures.

Write the two classes below. Keep their names, methods and signatures; add whatever helpers you like.
Objects of both are made and used in coroutines, on the thread of one running event loop.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """Runs coroutines in the background, without anybody waiting for them.

    `len(background)` is the number of those that are still running.
    """

    def __init__(self) -> None:
        raise NotImplementedError

    def start(self, coro: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a coroutine and return its task at once.

        The task runs although nobody awaits it, and although nobody else may keep a reference to it: while it runs,
        garbage collection cannot take it. Once it is done, in whichever way, it is neither counted nor kept.
        What becomes of its value or exception is the business of whoever holds the task.
        """
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    async def drain(self) -> None:
        """Return as soon as none is left running, those included that are started in the meantime.

        It returns however the tasks end, be it by an exception or a cancellation, and at once if there is none.
        """
        raise NotImplementedError


class Promise(Generic[T]):
    """A value that is not there yet: some wait for it with `await promise`, and somebody sets it.

    It is what asyncio.Future is, so it must not be a subclass of that. What you use inside is up to you.

    `await promise` gives the value or raises the exception that was set. Any number of tasks may wait, and awaiting
    a finished promise works too, as often as wanted, whatever the value; None is one like any other.
    Waiting costs neither a timer nor any polling.
    Cancelling a task that waits ends its waiting at once, and nothing else: the promise and the others go on.
    """

    def __init__(self) -> None:
        raise NotImplementedError

    def __await__(self) -> Generator[Any, Any, T]:
        raise NotImplementedError

    def done(self) -> bool:
        """Tell whether a value or an exception has been set."""
        raise NotImplementedError

    def result(self) -> T:
        """Return the value or raise the exception; raise asyncio.InvalidStateError if neither has been set yet."""
        raise NotImplementedError

    def set_result(self, value: T) -> None:
        """Finish the promise with a value; raise asyncio.InvalidStateError if it is finished, and change nothing."""
        raise NotImplementedError

    def set_exception(self, exception: BaseException) -> None:
        """Finish the promise with an exception; raise asyncio.InvalidStateError as `set_result` does."""
        raise NotImplementedError

    def add_done_callback(self, fn: Callable[["Promise[T]"], object]) -> None:
        """Have `fn(promise)` called once when the promise is finished.

        The event loop calls it, on one of its next turns: `set_result`, `set_exception` and `add_done_callback`
        themselves call no callback. If the promise is finished already, the call is scheduled all the same.
        """
        raise NotImplementedError
