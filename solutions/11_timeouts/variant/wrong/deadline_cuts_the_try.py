"""One asyncio.timeout around everything: at the deadline it cancels the running try.

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
    async with asyncio.timeout(deadline):
        for number in range(1, attempts):
            try:
                return await call_with_timeout(op, per_try)
            except OSError:
                await asyncio.sleep(backoff(number))
        return await call_with_timeout(op, per_try)
