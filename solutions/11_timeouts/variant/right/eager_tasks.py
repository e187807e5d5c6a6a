"""Each try is an eager task where Python has them (3.12), so that it runs before anybody waits for it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _run(op: Callable[[], Awaitable[T]]) -> T:
    return await op()


def _start(op: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
    if sys.version_info >= (3, 12):
        return asyncio.eager_task_factory(asyncio.get_running_loop(), _run(op))
    return asyncio.create_task(_run(op))


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = _start(op)
    return await asyncio.wait_for(task, seconds)


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
    number = 0
    while (number := number + 1) < attempts:
        try:
            return await call_with_timeout(op, per_try)
        except OSError:
            if (resume := loop.time() + backoff(number)) >= end:
                raise
        # A future that a timer resolves: the same as sleep, without its coroutine.
        rested: asyncio.Future[None] = loop.create_future()
        timer = loop.call_at(resume, rested.set_result, None)
        try:
            await rested
        finally:
            timer.cancel()
    return await call_with_timeout(op, per_try)
