"""The deadline is looked at between the tries, a running try is not cut by it.

Fails: test_deadline_cuts_the_running_try
Says: The deadline was t=8, but the second try, which started at t=3, was
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
        if loop.time() >= end:
            break
        try:
            async with asyncio.timeout(per_try):
                return await op()
        except OSError:
            if n == attempts:
                raise
        if loop.time() < end:
            async with asyncio.timeout_at(end):
                await asyncio.sleep(backoff(n))
    raise TimeoutError
