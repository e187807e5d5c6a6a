"""After the last failed try None is returned.

Fails: test_attempts_are_counted
Says: attempts=1: the last try raised OSError: try 1, but retry returned None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = asyncio.current_task()
    assert task is not None
    requests = task.cancelling()
    rang: list[bool] = []

    def ring() -> None:
        rang.append(True)
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, ring)
    try:
        return await op()
    except asyncio.CancelledError:
        if rang and task.cancelling() - 1 <= requests:
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        if rang:
            task.uncancel()


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
            if limit >= end and scope.expired():
                raise
            if n == attempts:
                return cast(T, None)
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
    raise AssertionError("attempts must be at least 1")
