"""asyncio.timeout around a future that nobody ever sets: the timeout is the alarm clock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


async def sleep(delay: float, result: T = None) -> T:
    loop = asyncio.get_running_loop()
    never = loop.create_future()
    if delay <= 0:
        loop.call_soon(lambda: never.done() or never.set_result(None))
        await never
        return result
    try:
        async with asyncio.timeout(delay) as alarm:
            await never
    except TimeoutError:
        if not alarm.expired():
            raise
    return result


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    k = 0
    while k < times:
        due = start + k * interval
        if loop.time() < due:
            await sleep(due - loop.time())
        else:
            await fn()
            k += 1


def _left(when: datetime) -> float:
    return (when.astimezone(UTC) - datetime.now(UTC)).total_seconds()


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("naive moment")
    await sleep(_left(when))
    if _left(when) > 0:
        await sleep_until(when)
