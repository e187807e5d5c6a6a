"""The deadline is counted anew from the beginning of every try.

Fails: test_no_pause_that_ends_too_late
Says: and the deadline was t=8.5, but another try was begun, at t=10
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
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
    loop = asyncio.get_running_loop()
    for number in range(1, attempts):
        end = loop.time() + deadline
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
