"""A try is begun only if its whole per_try fits in before the deadline.

Fails: test_deadline_leaves_the_running_try_alone
Says: before the deadline, t=8, but no second try was begun
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
            if loop.time() + pause + per_try >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
