"""asyncio.wait with a timeout, then TimeoutError without cancelling the task.

Fails: test_timeout_error_after_the_limit
Says: TimeoutError came at t=3, as it should, but the operation was still
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def _stop(task: asyncio.Future[Any]) -> None:
    """Cancel the task (if need be) and wait until it has ended, whatever happens meanwhile."""
    task.cancel()
    interruption: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as exc:
            interruption = exc
    if not task.cancelled():
        task.exception()
    if interruption is not None:
        raise interruption


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    job = asyncio.ensure_future(op())
    try:
        await asyncio.wait({job}, timeout=seconds)
    except asyncio.CancelledError:
        await _stop(job)
        raise
    if not job.done():
        raise TimeoutError(f"no result within {seconds} s")
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
