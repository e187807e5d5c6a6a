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
    cancellation from outside, as soon as the running try has been cancelled and cleaned up.
    After failed try n (1, 2, ...) there is a pause of `backoff(n)` seconds, except after the last try, whose own
    exception leaves. A try that was cancelled has failed once its cleanup has finished.

    `deadline`, in seconds from the call, limits what is begun, and not what runs. The first try begins in any case.
    After a failed one, a pause that would end at the deadline or later is not begun, and no other try either: the
    failed try's own exception leaves at once, as it does after the last try. So each pause that is begun lasts to its
    end, and a try follows.
    A try that has begun is neither cancelled nor shortened by the deadline. It may take its whole `per_try`, and its
    value is returned, however late.
    `backoff(n)` may give another answer each time it is asked. Ask it once, after failed try n: that one answer is both
    compared with the deadline and slept.
    Nothing is left behind: no task, no timer.
    """
    raise NotImplementedError
