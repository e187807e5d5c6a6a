"""The last try is recognised one too late: attempts + 1 tries.

Fails: test_attempts_are_counted
Says: attempts=1, and every try failed, but the number of tries was 2.
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


async def _settle(task: asyncio.Future[Any], seconds: float) -> bool:
    """True if the task ends within that time; else, or when we are cancelled, it is stopped first."""
    try:
        await asyncio.wait({task}, timeout=seconds)
        return task.done()
    finally:
        await _stop(task)


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
    n = 1
    while True:
        left = end - loop.time()
        if left <= 0:
            raise TimeoutError("deadline")
        job = asyncio.ensure_future(op())
        if await _settle(job, min(per_try, left)):
            error = None if job.cancelled() else job.exception()
            if n > attempts or not isinstance(error, OSError):
                return job.result()
        elif n > attempts or left <= per_try:
            raise TimeoutError("too slow")
        left = end - loop.time()
        pause = asyncio.ensure_future(asyncio.sleep(backoff(n)))
        if not await _settle(pause, left):
            raise TimeoutError("deadline")
        n += 1
