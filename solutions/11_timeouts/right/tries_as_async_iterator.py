"""An asynchronous iterator hands out the tries and pauses between them; each try writes its failure into it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await op()


class _Try:
    """Limit of one try: catches the failures that may be repeated."""

    def __init__(self, schedule: _Schedule) -> None:
        self.schedule = schedule
        limit = schedule.now() + schedule.per_try
        self.final = limit >= schedule.end
        self.scope = asyncio.timeout_at(min(limit, schedule.end))

    async def run(self, op: Callable[[], Awaitable[T]]) -> list[T]:
        """A list with the value, or an empty one after a failure that may be repeated."""
        try:
            async with self.scope:
                return [await op()]
        except OSError:
            if self.schedule.number == self.schedule.attempts:
                raise
            if self.final and self.scope.expired():
                raise
            return []


class _Schedule:
    def __init__(self, attempts: int, per_try: float, deadline: float, backoff: Callable[[int], float]) -> None:
        self.now = asyncio.get_running_loop().time
        self.attempts = attempts
        self.per_try = per_try
        self.end = self.now() + deadline
        self.backoff = backoff
        self.number = 0

    def __aiter__(self) -> _Schedule:
        return self

    async def __anext__(self) -> _Try:
        if self.number == self.attempts:
            raise StopAsyncIteration
        if self.number > 0:
            if self.now() >= self.end:
                raise TimeoutError
            async with asyncio.timeout_at(self.end):
                await asyncio.sleep(self.backoff(self.number))
        self.number += 1
        return _Try(self)


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    async for one_try in _Schedule(attempts, per_try, deadline, backoff):
        for value in await one_try.run(op):
            return value
    raise AssertionError("attempts must be at least 1")
