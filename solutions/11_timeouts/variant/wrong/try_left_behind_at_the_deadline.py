"""The try is shielded from the deadline, and TimeoutError leaves while it is running.

Fails: test_deadline_leaves_the_running_try_alone
Says: the call ended at t=8 while the second try was still running
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
            attempt = asyncio.ensure_future(call_with_timeout(op, per_try))
            async with asyncio.timeout_at(end) as limit:
                return await asyncio.shield(attempt)
        except OSError:
            if limit.expired():
                raise
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
