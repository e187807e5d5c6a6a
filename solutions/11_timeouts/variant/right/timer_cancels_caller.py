"""A hand-made timer: loop.call_later cancels the calling task, uncancel takes the request back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = asyncio.current_task()
    assert task is not None
    requests = task.cancelling()
    rang = False

    def ring() -> None:
        nonlocal rang
        rang = True
        task.cancel()

    timer = asyncio.get_running_loop().call_later(seconds, ring)
    try:
        return await op()
    except asyncio.CancelledError as error:
        # Only when nobody else asked for it is the cancellation really ours.
        if rang and task.cancelling() == requests + 1:
            raise TimeoutError("time is up") from error
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
    now = asyncio.get_running_loop().time
    last_start = now() + deadline
    failed = 0
    next_start = now()
    while True:
        await asyncio.sleep(next_start - now())
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            failed += 1
            if failed == attempts:
                raise
            next_start = now() + backoff(failed)
            if next_start >= last_start:
                raise
