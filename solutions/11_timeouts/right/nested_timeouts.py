"""One asyncio.timeout for the deadline, inside it one for each try, innermost a task whose cleanup is never cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _whole(op: Callable[[], Awaitable[T]]) -> T:
    """Await op; the first cancellation reaches it, later ones wait until its cleanup has ended."""
    inner = asyncio.ensure_future(op())
    try:
        await asyncio.wait({inner})
    except asyncio.CancelledError:
        inner.cancel()
        while not inner.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({inner})
        if not inner.cancelled():
            inner.exception()
        raise
    return inner.result()


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await _whole(op)


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    async with asyncio.timeout(deadline):
        for n in range(1, attempts):
            try:
                return await call_with_timeout(op, per_try)
            except (TimeoutError, OSError):
                await asyncio.sleep(backoff(n))
        return await call_with_timeout(op, per_try)
