"""A slow try is cancelled but not waited for: the next try starts during its cleanup.

Fails: test_deadline_cuts_the_running_try
Says: The deadline was t=8 and cleaning up took 1 s, but the call ended at
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
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    n = 1
    while True:
        left = end - loop.time()
        job = asyncio.ensure_future(op())
        try:
            await asyncio.wait({job}, timeout=min(per_try, left))
        except asyncio.CancelledError:
            await _stop(job)
            raise
        if job.done():
            error = None if job.cancelled() else job.exception()
            if n == attempts or not isinstance(error, OSError):
                return job.result()
        else:
            job.cancel()
            if n == attempts or left <= per_try:
                raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
        n += 1
