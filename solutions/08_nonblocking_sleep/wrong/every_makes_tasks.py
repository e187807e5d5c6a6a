"""Each call is made a task, which only a coroutine can be: whatever else fn returns to be awaited is a TypeError.

Fails: test_every_does_not_drift
Says: fn returned an object with `__await__` that takes 1 s: every(4, fn, times=2) raised TypeError
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


async def sleep(delay: float, result: T = None) -> T:  # type: ignore[assignment]
    """Wait for a future that a timer, or the end of the ready queue, sets."""
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()
    # call_soon comes after everybody who is ready now.
    timer = loop.call_later(delay, _wake, woken) if delay > 0 else loop.call_soon(_wake, woken)
    try:
        await woken
    finally:
        timer.cancel()
    return result


def _wake(woken: asyncio.Future[None]) -> None:
    # A cancelled sleeper may still be on its way out when its timer fires.
    if not woken.done():
        woken.set_result(None)


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    """Count from the start, not from the call before: so no delay adds up."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(times):
        ahead = start + number * interval - loop.time()
        if ahead > 0:
            await sleep(ahead)
        await asyncio.create_task(fn())  # type: ignore[arg-type]


async def sleep_until(when: datetime) -> None:
    """Sleep for the difference, and believe the wall clock only after looking again."""
    if when.utcoffset() is None:
        raise ValueError(f"expected an aware datetime, got {when!r}")
    await sleep(_ahead(when))
    while (ahead := _ahead(when)) > 0:
        await sleep(ahead)


def _ahead(when: datetime) -> float:
    # In UTC: between two moments of one time zone, Python overlooks a change to summer time.
    return (when.astimezone(UTC) - datetime.now(UTC)).total_seconds()
