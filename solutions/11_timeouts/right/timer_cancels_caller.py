"""A hand-made timer: loop.call_at cancels the calling task, uncancel takes the request back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class _Alarm:
    def __init__(self, when: float) -> None:
        self.when = when
        self.rang = False

    async def guard(self, op: Callable[[], Awaitable[T]]) -> T:
        task = asyncio.current_task()
        assert task is not None
        requests = task.cancelling()
        handle = asyncio.get_running_loop().call_at(self.when, self._ring, task)
        try:
            return await op()
        except asyncio.CancelledError as exc:
            # Only when nobody else asked for it is the cancellation really ours.
            if self.rang and task.cancelling() == requests + 1:
                raise TimeoutError("time is up") from exc
            raise
        finally:
            handle.cancel()
            if self.rang:
                task.uncancel()

    def _ring(self, task: asyncio.Task[object]) -> None:
        self.rang = True
        task.cancel()


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    return await _Alarm(asyncio.get_running_loop().time() + seconds).guard(op)


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
    failed = 0
    while True:
        alarm = _Alarm(min(end, loop.time() + per_try))
        try:
            return await alarm.guard(op)
        except OSError:  # TimeoutError is one as well
            failed += 1
            if failed == attempts or (alarm.rang and alarm.when == end):
                raise
        if loop.time() > end:
            raise TimeoutError("the cleanup of a try ran past the deadline")
        pause = backoff(failed)
        await _Alarm(end).guard(lambda: asyncio.sleep(pause))
