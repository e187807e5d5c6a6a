"""Kata 11, reference: one asyncio.timeout for the whole call around one for each try."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Return the value of `op()`, or give up after `seconds`."""
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
    """Try `op()` up to `attempts` times and return the first value."""
    async with asyncio.timeout(deadline):
        for number in range(1, attempts):
            try:
                return await call_with_timeout(op, per_try)
            except OSError:  # TimeoutError is one too
                await asyncio.sleep(backoff(number))
        return await call_with_timeout(op, per_try)
