"""The pause is a time.sleep, nothing else runs meanwhile and nothing can cut it.

Fails: test_tries_and_pauses
Says: time.sleep() was called on the event loop's thread, where it stops
"""

from __future__ import annotations

import asyncio
import time
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
        limit = loop.time() + per_try
        try:
            async with asyncio.timeout_at(min(limit, end)) as scope:
                return await op()
        except OSError:
            if n == attempts or (limit >= end and scope.expired()):
                raise
        if loop.time() >= end:
            raise TimeoutError
        time.sleep(backoff(n))
        if loop.time() >= end:
            raise TimeoutError
    raise AssertionError("attempts must be at least 1")
