"""A value that comes after the deadline is thrown away, and TimeoutError raised.

Fails: test_deadline_leaves_the_running_try_alone
Says: The second try returned 'value' at t=11, after the deadline, t=8, but retry raised TimeoutError
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
            value = await call_with_timeout(op, per_try)
            if loop.time() <= end:
                return value
        except OSError:
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise
        if loop.time() > end:
            raise TimeoutError("deadline")
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
