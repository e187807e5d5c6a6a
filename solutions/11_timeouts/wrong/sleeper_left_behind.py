"""The sleep task that measures the time is not cancelled when op is faster.

Fails: test_value_in_time
Says: call_with_timeout returned 'value' at t=2, as it should, but left something
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
    job = asyncio.ensure_future(op())
    clock = asyncio.ensure_future(asyncio.sleep(seconds))
    try:
        await asyncio.wait({job, clock}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await _stop(clock)
        await _stop(job)
        raise
    if not job.done():
        await _stop(job)
        raise TimeoutError
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
