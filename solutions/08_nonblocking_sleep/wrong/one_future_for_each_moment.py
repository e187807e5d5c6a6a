"""Sleepers that are due at the same moment share a timer and a future, which the first cancelled one takes along.

Fails: test_cancelled_sleeper_leaves_nothing
Says: the other raised CancelledError after 1 s.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


_Moments = dict[float, tuple[asyncio.Future[None], asyncio.TimerHandle]]
_moments: WeakKeyDictionary[asyncio.AbstractEventLoop, _Moments] = WeakKeyDictionary()


async def sleep(delay: float, result: T = None) -> T:  # type: ignore[assignment]
    """Wait for the future of the moment, which the first who is due then has made."""
    loop = asyncio.get_running_loop()
    if delay <= 0:
        turn: asyncio.Future[None] = loop.create_future()
        loop.call_soon(_wake, turn)
        await turn
        return result
    moments = _moments.setdefault(loop, {})
    due = loop.time() + delay
    if due not in moments:
        made: asyncio.Future[None] = loop.create_future()
        moments[due] = made, loop.call_at(due, _wake, made)
    woken, timer = moments[due]
    try:
        await woken
    finally:
        timer.cancel()
        moments.pop(due, None)
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
        await fn()


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
