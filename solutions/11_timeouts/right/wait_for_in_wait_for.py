"""asyncio.wait_for around each try, and one around the whole loop; where there is no time, op is not even called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    if seconds <= 0:
        raise TimeoutError
    return await asyncio.wait_for(op(), seconds)


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    async def tries() -> T:
        for n in range(1, attempts):
            try:
                return await call_with_timeout(op, per_try)
            except OSError:
                await asyncio.sleep(backoff(n))
        return await call_with_timeout(op, per_try)

    return await asyncio.wait_for(tries(), deadline)
