"""The deadline is accepted and never used.

Fails: test_deadline_cuts_the_running_try
Says: The deadline was t=8, but the second try, which started at t=3, was
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

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
    n = 1
    while True:
        try:
            async with asyncio.timeout(per_try):
                return await op()
        except OSError:
            if n == attempts:
                raise
        await asyncio.sleep(backoff(n))
        n += 1
