"""wait_for over a shield: the limit only ends the waiting, op itself runs on.

Fails: test_timeout_error_after_the_limit
Says: TimeoutError came at t=3, as it should, but the operation was still
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    return await asyncio.wait_for(asyncio.shield(op()), seconds)


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
        limit = loop.time() + per_try
        try:
            async with asyncio.timeout_at(min(limit, end)) as scope:
                return await op()
        except OSError:
            if n == attempts or (limit >= end and scope.expired()):
                raise
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
    raise AssertionError("attempts must be at least 1")
