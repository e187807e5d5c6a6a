"""Every CancelledError is taken for the own timer, also the one from outside.

Fails: test_cancellation_from_outside
Says: The caller was cancelled during an operation, but call_with_timeout
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = asyncio.current_task()
    assert task is not None
    rang: list[bool] = []

    def ring() -> None:
        rang.append(True)
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, ring)
    try:
        return await op()
    except asyncio.CancelledError as exc:
        raise TimeoutError from exc
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
            if n == attempts or (limit >= end and scope.expired()):
                raise
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
    raise AssertionError("attempts must be at least 1")
