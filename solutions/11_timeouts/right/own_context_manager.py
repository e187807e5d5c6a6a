"""An own asynchronous context manager for limits; a limit that already struck is not struck again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class _Limit:
    """Cancels the task in the block at one of several moments, whichever comes first."""

    def __init__(self, **moments: float) -> None:
        self.moments = moments
        self.struck: str | None = None

    async def __aenter__(self) -> _Limit:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        self.before = task.cancelling()
        name = min(self.moments, key=lambda key: self.moments[key])
        self.handle = loop.call_at(self.moments[name], self._strike, name)
        return self

    def _strike(self, name: str) -> None:
        self.struck = name
        self.task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.handle.cancel()
        if self.struck is None:
            return
        if self.task.uncancel() <= self.before and isinstance(error, asyncio.CancelledError):
            raise TimeoutError(self.struck)


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with _Limit(call=asyncio.get_running_loop().time() + seconds):
        return await op()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    now = asyncio.get_running_loop().time
    end = now() + deadline
    number = 1
    while True:
        limit = _Limit(deadline=end, per_try=now() + per_try)
        try:
            async with limit:
                return await op()
        except OSError:
            if limit.struck == "deadline" or number == attempts:
                raise
        if now() >= end:  # the cleanup of the try took all that was left
            raise TimeoutError("deadline")
        async with _Limit(deadline=end):
            await asyncio.sleep(backoff(number))
        number += 1
