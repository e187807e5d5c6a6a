"""The deadline only shortens tries and pauses; what it cut counts as failed and the next try begins.

Fails: test_deadline_cuts_the_running_try
Says: The second try was cancelled at the deadline, t=8, but after that another
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
    for n in range(1, attempts + 1):
        try:
            async with asyncio.timeout(min(per_try, max(0.0, end - loop.time()))):
                return await op()
        except OSError:
            if n == attempts:
                raise
        await asyncio.sleep(min(backoff(n), max(0.0, end - loop.time())))
    raise AssertionError("attempts must be at least 1")
