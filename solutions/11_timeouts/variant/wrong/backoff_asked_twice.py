"""backoff is asked once for the decision, and once more for the pause.

Fails: test_backoff_is_asked_once
Says: backoff was asked for [1, 1, 2], expected [1, 2, 3]
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
            if loop.time() + backoff(number) >= end:
                raise
        await asyncio.sleep(backoff(number))
    return await call_with_timeout(op, per_try)
