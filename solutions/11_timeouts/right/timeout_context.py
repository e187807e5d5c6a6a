"""asyncio.timeout for one call; asyncio.timeout_at with the nearer of two limits for every try and pause."""

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
    n = 0
    while True:
        n += 1
        limit = loop.time() + per_try
        last_chance = limit >= end
        try:
            async with asyncio.timeout_at(min(limit, end)) as scope:
                return await op()
        except OSError:  # the builtin TimeoutError is one of them
            if n >= attempts or (last_chance and scope.expired()):
                raise
        # The cleanup of a slow try may have used up the rest of the time.
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
