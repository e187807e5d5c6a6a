"""When there is no time for another try, the failure of the first one leaves, not the last one's.

Fails: test_no_pause_that_ends_too_late
Says: The last one had failed with OSError: try 3, but retry raised OSError: try 1
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
    first: OSError | None = None
    for number in range(1, attempts):
        try:
            return await call_with_timeout(op, per_try)
        except OSError as error:
            first = first or error
            pause = backoff(number)
            if loop.time() + pause >= end:
                raise first from None
        await asyncio.sleep(pause)
    return await call_with_timeout(op, per_try)
