"""The retry loop is a task of its own; the caller only supervises it and stops it at the deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _supervise(work: Awaitable[T], seconds: float) -> T:
    """Result of work; at the limit, or when cancelled, work is told once and awaited to its end."""
    task = asyncio.ensure_future(work)
    reason: BaseException | None = None
    try:
        await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError as exc:
        reason = exc
    if reason is None and task.done():
        return task.result()
    if reason is None:
        reason = TimeoutError(f"limit of {seconds} s reached")
    task.cancel()
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as exc:
            reason = exc
    if not task.cancelled():
        task.exception()
    try:
        raise reason
    finally:
        del reason


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    return await _supervise(op(), seconds)


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    async def tries() -> T:
        for n in range(1, attempts):
            try:
                return await _supervise(op(), per_try)
            except OSError:
                pass
            await asyncio.sleep(backoff(n))
        return await _supervise(op(), per_try)

    return await _supervise(tries(), deadline)
