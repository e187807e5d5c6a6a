"""A cancellation from outside during the cleanup of a slow try is taken for the limit's own, and the next try begins.

Fails: test_cancellation_from_outside
Says: A try was cut by per_try and was cleaning up when the caller was cancelled, and
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await op()


async def limited(op: Callable[[], Awaitable[T]], when: float) -> T:
    caller = asyncio.current_task()
    assert caller is not None
    struck: list[bool] = []

    def strike() -> None:
        struck.append(True)
        caller.cancel()

    timer = asyncio.get_running_loop().call_at(when, strike)
    try:
        return await op()
    except asyncio.CancelledError as exc:
        if not struck:
            raise
        raise TimeoutError from exc
    finally:
        timer.cancel()
        if struck:
            caller.uncancel()


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
        try:
            return await limited(op, min(end, loop.time() + per_try))
        except OSError:
            if n == attempts:
                raise
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
    raise AssertionError("attempts must be at least 1")
