"""A timer notes that the deadline has passed, and nobody cancels it when the call ends earlier.

Fails: test_tries_and_pauses
Says: A timer was left behind
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
    passed: list[bool] = []
    loop.call_at(end, passed.append, True)
    for number in range(1, attempts):
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            pause = backoff(number)
            if passed or loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
