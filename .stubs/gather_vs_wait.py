"""Kata 10: gather and wait.

Write the two functions below. Keep their names and signatures; add whatever helpers you like.
An awaitable may be a coroutine, a task, a future, or any object with an `__await__` method.
"""

from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    """Run all awaitables at the same time and tell what became of each, in the order given.

    An awaitable that returned becomes `("ok", value)`; one that raised becomes `("err", exception)`, and so does
    one that was cancelled by somebody else: its CancelledError is an outcome like any other. None given: `[]`.

    Cancelling the caller cancels every awaitable and waits for its cleanup. No task outlives the call.
    """
    raise NotImplementedError


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    """Run all awaitables at the same time and return the value of the first that succeeds.

    Returning without an exception is success, whatever the value: 0, None and "" are values too.
    Failures are skipped as long as another awaitable may still succeed.
    Once there is a winner, the others are cancelled and their cleanup is awaited before the call returns.
    Cancelling the caller cancels every awaitable and waits for its cleanup. No task outlives the call.

    Raises ExceptionGroup with all exceptions, in the order given, if every awaitable fails. One that was cancelled
    has failed with CancelledError; the group is a BaseExceptionGroup then.
    Raises ValueError if there is no awaitable at all.
    """
    raise NotImplementedError
