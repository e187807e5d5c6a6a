"""A class holds the state; two timers cut the step that is running, each step at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Run(Generic[T]):
    def __init__(self, op: Callable[[], Awaitable[T]], limit: float) -> None:
        self.op = op
        self.loop = asyncio.get_running_loop()
        self.over = False
        self.step: asyncio.Future[Any] | None = None
        self.timer = self.loop.call_later(limit, self._ring)

    def _ring(self) -> None:
        self.over = True
        self._cut()

    def _cut(self) -> None:
        step, self.step = self.step, None
        if step is not None:
            step.cancel()

    def close(self) -> None:
        self.timer.cancel()

    async def _perform(self, step: asyncio.Future[Any]) -> bool:
        """Wait for the step; True says that it ended by itself."""
        self.step = step
        stopped: asyncio.CancelledError | None = None
        while not step.done():
            try:
                await asyncio.wait({step})
            except asyncio.CancelledError as exc:
                stopped = exc
                self._cut()
        by_itself = self.step is not None
        self.step = None
        if stopped is not None:
            if not step.cancelled():
                step.exception()
            raise stopped
        return by_itself

    async def once(self) -> T:
        step = asyncio.ensure_future(self.op())
        if await self._perform(step):
            return step.result()
        raise TimeoutError

    async def many(self, attempts: int, per_try: float, backoff: Callable[[int], float]) -> T:
        n = 1
        while True:
            step = asyncio.ensure_future(self.op())
            timer = self.loop.call_later(per_try, self._cut)
            try:
                by_itself = await self._perform(step)
            finally:
                timer.cancel()
            if by_itself:
                if n == attempts or step.cancelled():
                    return step.result()
                if not isinstance(step.exception(), (TimeoutError, OSError)):
                    return step.result()
            elif self.over or n == attempts:
                raise TimeoutError
            # A timer that was due while the loop was busy counts too.
            if self.over:
                raise TimeoutError
            if not await self._perform(asyncio.ensure_future(asyncio.sleep(backoff(n)))):
                raise TimeoutError
            n += 1


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    run = _Run(op, seconds)
    try:
        return await run.once()
    finally:
        run.close()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    run = _Run(op, deadline)
    try:
        return await run.many(attempts, per_try, backoff)
    finally:
        run.close()
