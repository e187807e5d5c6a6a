"""backoff is asked for all pauses before the first try.

Fails: test_backoff_is_asked_once
Says: backoff was asked for [1, 2, 3, 4, 5], expected [1, 2, 3]
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
    pauses = [backoff(number) for number in range(1, attempts)]
    for pause in pauses:
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
