"""A pause that is too long is shortened, and a last try is made at the deadline.

Fails: test_no_pause_that_ends_too_late
Says: and the deadline was t=4, but another try was begun, at t=4
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
            left = end - loop.time()
            if left <= 0:
                raise
            pause = min(pause, left)
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
