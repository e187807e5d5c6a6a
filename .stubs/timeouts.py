"""Kata 11: time limits.

Write the two functions below. Keep their names and signatures; add whatever helpers you like.
`op` stands for any slow operation: each `await op()` is a new try that gives a value, or raises.
All times are seconds of the event loop's clock. TimeoutError is the built-in one.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return the value of `op()`, or give up after `seconds`.

    Giving up means: the operation is cancelled, its cleanup has finished, and then TimeoutError leaves.
    An exception of the operation's own leaves as it is.
    """
    raise NotImplementedError


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    """Try `op()` up to `attempts` times (at least 1) and return the first value.

    A try that takes longer than `per_try` is cancelled and has failed with TimeoutError.
    Only TimeoutError and OSError are worth another try; any other exception leaves at once, and so does
    cancellation from outside.
    After failed try n (1, 2, ...) there is a pause of `backoff(n)` seconds, except after the last try, whose own
    exception leaves.

    `deadline` limits everything together, tries and pauses, in seconds from the call: when it is reached, the
    running try is cancelled or the pause is cut short, and TimeoutError leaves. Only a cancelled try's cleanup may
    run past it. Nothing is left behind: no task, no timer.
    """
    raise NotImplementedError
