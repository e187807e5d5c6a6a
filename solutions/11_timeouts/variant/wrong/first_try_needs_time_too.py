"""The loop begins by looking at the deadline, so a deadline of 0 leaves no try at all.

Fails: test_no_pause_that_ends_too_late
Says: without ever running the operation
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
    failed = 0
    while loop.time() < end:
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            failed += 1
            if failed == attempts:
                raise
            pause = backoff(failed)
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
    raise TimeoutError("deadline")
