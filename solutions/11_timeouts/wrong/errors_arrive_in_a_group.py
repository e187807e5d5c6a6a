"""op runs in a TaskGroup, so its exceptions come out wrapped in an ExceptionGroup.

Fails: test_own_exceptions_leave_as_they_are
Says: Before its limit the operation raised LookupError: no such page, but
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async def run() -> T:
        return await op()

    async with asyncio.timeout(seconds):
        async with asyncio.TaskGroup() as group:
            job = group.create_task(run())
    return job.result()


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
