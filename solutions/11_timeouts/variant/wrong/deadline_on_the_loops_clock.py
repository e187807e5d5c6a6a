"""The deadline is taken for a moment of the loop's clock instead of seconds from the call.

Fails: test_deadline_leaves_the_running_try_alone
Says: with a deadline of 5 s: tries began at t=[11.0], expected t=[11.0, 14.0]
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
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            pause = backoff(number)
            if loop.time() + pause >= deadline:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
