"""The timer of a try is not cancelled when the try ends earlier.

Fails: test_tries_and_pauses
Says: A timer was left behind: retry.slow would still be called at t=64,
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
    for n in range(1, attempts + 1):
        job = asyncio.ensure_future(op())
        cut: list[bool] = []

        def slow(job: asyncio.Future[T] = job, cut: list[bool] = cut) -> None:
            if not job.done():
                cut.append(True)
                job.cancel()

        left = end - loop.time()
        loop.call_later(per_try, slow)
        in_time = await _settle(job, left)
        if not in_time or (cut and n == attempts):
            raise TimeoutError
        if not cut:
            error = None if job.cancelled() else job.exception()
            if n == attempts or not isinstance(error, OSError):
                return job.result()
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
    raise AssertionError("attempts must be at least 1")
