"""Cancelling the caller leaves the task of the running try alive.

Fails: test_cancellation_from_outside
Says: The caller was cancelled, but a try was not: it ran on behind your
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
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    for n in range(1, attempts + 1):
        left = end - loop.time()
        job = asyncio.ensure_future(op())
        await asyncio.wait({job}, timeout=min(per_try, left))
        if job.done():
            error = None if job.cancelled() else job.exception()
            if n == attempts or not isinstance(error, OSError):
                return job.result()
        else:
            await _stop(job)
            if n == attempts or left <= per_try:
                raise TimeoutError
        if loop.time() >= end:
            raise TimeoutError
        async with asyncio.timeout_at(end):
            await asyncio.sleep(backoff(n))
    raise AssertionError("attempts must be at least 1")
