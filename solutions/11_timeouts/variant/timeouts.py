"""Kata 11, variant b, reference: the deadline is only looked at where a pause would begin."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return the value of `op()`, or give up after `seconds`."""
    async with asyncio.timeout(seconds):
        return await op()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    """Try `op()` up to `attempts` times, as long as a try can begin before the deadline."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    for number in range(1, attempts):
        try:
            return await call_with_timeout(op, per_try)
        except OSError:  # TimeoutError is one too
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
