"""The task that watches over the deadline keeps sleeping after the call has ended.

Fails: test_tries_and_pauses
Says: 1 task was still running when retry ended:
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
    the_end = asyncio.ensure_future(asyncio.sleep(deadline))
    n = 1
    while True:
        job = asyncio.ensure_future(op())
        try:
            await asyncio.wait({the_end, job}, timeout=per_try, return_when=asyncio.FIRST_COMPLETED)
            in_time = job.done()
        finally:
            await _stop(job)
        if in_time:
            error = None if job.cancelled() else job.exception()
            if n == attempts or not isinstance(error, OSError):
                return job.result()
        elif n == attempts:
            raise TimeoutError
        if the_end.done():
            raise TimeoutError
        await asyncio.wait({the_end}, timeout=backoff(n))
        if the_end.done():
            raise TimeoutError
        n += 1
