"""A try that may outlive the deadline gets no limit at all, since it is to be left alone.

Fails: test_deadline_leaves_the_running_try_alone
Says: per_try is 4 s, but it ran on until t=46
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
    number = 0
    while True:
        number += 1
        try:
            if loop.time() + per_try > end:
                return await op()
            return await call_with_timeout(op, per_try)
        except OSError:
            if number == attempts:
                raise
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
