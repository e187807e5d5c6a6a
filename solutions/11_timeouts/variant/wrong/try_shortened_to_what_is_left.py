"""The limit of a try is cut down to the seconds that are left until the deadline.

Fails: test_deadline_leaves_the_running_try_alone
Says: was running when the deadline was reached, t=8. It was cancelled at t=8.
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
            return await call_with_timeout(op, min(per_try, end - loop.time()))
        except OSError:
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, min(per_try, end - loop.time()))
