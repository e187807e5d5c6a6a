"""An asyncio.timeout holds the deadline; it is suspended while a try runs, and asked when it would strike."""

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
    async with asyncio.timeout(deadline) as limit:
        end = limit.when()
        assert end is not None
        for n in range(1, attempts + 1):
            limit.reschedule(None)
            try:
                return await call_with_timeout(op, per_try)
            except (TimeoutError, OSError):
                if n == attempts or loop.time() + (pause := backoff(n)) >= end:
                    raise
            limit.reschedule(end)
            await asyncio.sleep(pause)
    raise AssertionError("attempts must be at least 1")
