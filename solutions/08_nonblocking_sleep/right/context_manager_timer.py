"""The timer is a context manager around an event; every keeps an iterator of due times; a zero delay is a timer too."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def _timer(delay: float) -> Iterator[asyncio.Event]:
    rings = asyncio.Event()
    handle = asyncio.get_running_loop().call_later(max(delay, 0), rings.set)
    try:
        yield rings
    finally:
        handle.cancel()


async def sleep(delay: float, result: T = None) -> T:
    with _timer(delay) as rings:
        await rings.wait()
    return result


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    due = (start + k * interval for k in range(times))
    for moment in due:
        if (left := moment - loop.time()) > 0:
            await sleep(left)
        await fn()


async def sleep_until(when: datetime) -> None:
    offset = when.utcoffset()
    if offset is None:
        raise ValueError("a moment without a zone")
    target = when.replace(tzinfo=timezone.utc) - offset

    def missing() -> timedelta:
        return target - datetime.now(timezone.utc)

    await sleep(missing() / timedelta(seconds=1))
    while missing() > timedelta(0):
        await sleep(missing() / timedelta(seconds=1))
