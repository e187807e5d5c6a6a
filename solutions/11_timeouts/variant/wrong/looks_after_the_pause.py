"""The pause is slept first, and only then the deadline is looked at.

Fails: test_no_pause_that_ends_too_late
Says: so there was nothing left to wait for, but the call ended at t=33
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
    end = loop.time() + deadline
    for number in range(1, attempts):
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            pause = backoff(number)
            await asyncio.sleep(pause)
            if loop.time() >= end:
                raise
    return await call_with_timeout(op, per_try)
