"""gather(return_exceptions=True) hands the exception of op over as if it were the value.

Fails: test_own_exceptions_leave_as_they_are
Says: Before its limit the operation raised LookupError: no such page, but
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

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
        (value,) = await asyncio.gather(op(), return_exceptions=True)
        return cast(T, value)


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
            if n == attempts or not isinstance(error, OSError):
                return job.result()
        elif n == attempts or left <= per_try:
            raise TimeoutError("too slow")
        left = end - loop.time()
        pause = asyncio.ensure_future(asyncio.sleep(backoff(n)))
        if not await _settle(pause, left):
            raise TimeoutError("deadline")
        n += 1
