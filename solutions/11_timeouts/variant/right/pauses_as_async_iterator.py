"""An asynchronous generator sleeps the pauses; a failure is thrown into it, and comes out where none is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    return await asyncio.wait_for(op(), seconds)


async def _chances(attempts: int, end: float, backoff: Callable[[int], float]) -> AsyncGenerator[None, None]:
    """Yield once for each try; whoever failed throws the failure in."""
    now = asyncio.get_running_loop().time
    n = 1
    while True:
        try:
            yield
            return
        except OSError:
            if n == attempts:
                raise
            pause = backoff(n)
            if now() + pause >= end:
                raise
        await asyncio.sleep(pause)
        n += 1


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    chances = _chances(attempts, asyncio.get_running_loop().time() + deadline, backoff)
    try:
        await anext(chances)
        while True:
            try:
                return await call_with_timeout(op, per_try)
            except OSError as error:
                await chances.athrow(error)
    finally:
        await chances.aclose()
