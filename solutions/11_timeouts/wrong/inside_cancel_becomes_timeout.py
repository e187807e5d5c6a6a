"""Nobody has cancelled the caller, so a CancelledError from inside op is taken for the timer's.

Fails: test_cancellation_from_outside
Says: Long before any limit, what the operation waited for was cancelled, and
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    caller = asyncio.current_task()
    assert caller is not None
    before = caller.cancelling()
    job = asyncio.ensure_future(op())
    timer = asyncio.get_running_loop().call_later(seconds, job.cancel)
    try:
        return await job
    except asyncio.CancelledError as exc:
        if job.cancelled() and caller.cancelling() == before:
            raise TimeoutError from exc
        raise
    finally:
        timer.cancel()


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
