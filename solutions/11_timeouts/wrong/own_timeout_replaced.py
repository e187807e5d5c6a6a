"""A TimeoutError of op itself is replaced by a new one with another text.

Fails: test_own_exceptions_leave_as_they_are
Says: Before its limit the operation raised TimeoutError: the server was slow,
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await op()
    except TimeoutError:
        raise TimeoutError(f"call took longer than {seconds} s") from None


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
