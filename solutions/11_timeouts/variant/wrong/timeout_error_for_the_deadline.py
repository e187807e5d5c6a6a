"""When there is no time for another try, a TimeoutError leaves instead of the last failure.

Fails: test_no_pause_that_ends_too_late
Says: The last one had failed with OSError: try 1, but retry raised TimeoutError
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
    for number in range(1, attempts):
        try:
            return await call_with_timeout(op, per_try)
        except OSError as error:
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise TimeoutError("deadline") from error
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
