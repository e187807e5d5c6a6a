"""Recursion: a failed try pauses and calls the same function, with one try and some seconds less."""

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
    return await _from(1, op, attempts, per_try, asyncio.get_running_loop().time() + deadline, backoff)


async def _from(
    n: int,
    op: Callable[[], Awaitable[T]],
    attempts: int,
    per_try: float,
    end: float,
    backoff: Callable[[int], float],
) -> T:
    try:
        return await call_with_timeout(op, per_try)
    except OSError:
        if n == attempts:
            raise
        seconds = backoff(n)
        if not asyncio.get_running_loop().time() + seconds < end:
            raise
    # Outside of the handler, so that a later failure does not drag the earlier ones along.
    await asyncio.sleep(seconds)
    return await _from(n + 1, op, attempts, per_try, end, backoff)
