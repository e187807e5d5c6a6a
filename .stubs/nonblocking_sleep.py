"""Kata 08: sleeping without blocking.

Write the three functions below. Keep their names and signatures; add whatever helpers you like.
`asyncio.sleep` is what you build here: while a check runs, it raises. `time.sleep` blocks the loop.
All delays and intervals are seconds of the event loop's clock.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")


async def sleep(delay: float, result: T = None) -> T:  # type: ignore[assignment]
    """Return `result` after `delay` seconds of loop time, and let everybody else run meanwhile.

    A delay of 0 or less takes no time, but every task that is ready gets at least one turn.
    A sleeper costs one timer: no thread, and no turns while it sleeps. A cancelled one ends with CancelledError
    and leaves no timer behind.
    """
    raise NotImplementedError


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    """Call and await `fn()` `times` times, and return when the last call has ended.

    Call k (0, 1, 2, ...) is due `k * interval` seconds after the start, so the first is made at once, and however
    long the calls take, the next ones are not put off. Calls never overlap: one that is due while the call before
    it still runs starts as soon as that has ended.
    """
    raise NotImplementedError


async def sleep_until(when: datetime) -> None:
    """Return when the wall clock shows `when`, an aware moment; ValueError if it is naive.

    The waiting is loop time. A moment that has passed gives every ready task one turn, like `sleep(0)`.
    The wall clock may be set while you sleep: if it still shows an earlier time on waking, sleep again.
    """
    raise NotImplementedError
