"""Recursion: a failed try pauses and calls the same function with one try less."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await op()


async def _from(
    n: int,
    op: Callable[[], Awaitable[T]],
    attempts: int,
    per_try: float,
    end: float,
    backoff: Callable[[int], float],
) -> T:
    loop = asyncio.get_running_loop()
    to_the_end = end - loop.time() <= per_try
    scope = asyncio.timeout_at(end if to_the_end else loop.time() + per_try)
    try:
        async with scope:
            return await op()
    except (TimeoutError, OSError) as exc:
        over = n == attempts or (scope.expired() and to_the_end)
        if over:
            raise
        if end < loop.time():
            raise TimeoutError from exc
    # Outside of the handler, so that a later failure does not drag the earlier ones along.
    async with asyncio.timeout_at(end):
        await asyncio.sleep(backoff(n))
    return await _from(n + 1, op, attempts, per_try, end, backoff)


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    end = asyncio.get_running_loop().time() + deadline
    return await _from(1, op, attempts, per_try, end, backoff)
