"""An object with __await__ drives the tries: a state machine whose states are methods that return the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await op()


class _Retry(Generic[T]):
    def __init__(
        self,
        op: Callable[[], Awaitable[T]],
        attempts: int,
        per_try: float,
        deadline: float,
        backoff: Callable[[int], float],
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.op, self.per_try, self.backoff = op, per_try, backoff
        self.end = self.loop.time() + deadline
        self.numbers = iter(range(1, attempts))
        self.values: list[T] = []
        self.failure: OSError | None = None
        self.pause = 0.0

    def __await__(self) -> Generator[Any, None, T]:
        state: Callable[[], Generator[Any, None, Any]] | None = self.trying
        while state is not None:
            state = yield from state()
        return self.values[0]

    def trying(self) -> Generator[Any, None, Any]:
        try:
            self.values.append((yield from call_with_timeout(self.op, self.per_try).__await__()))
        except OSError as error:
            self.failure = error
            return self.failing
        return None

    def failing(self) -> Generator[Any, None, Any]:
        failure, self.failure = self.failure, None
        assert failure is not None
        for number in self.numbers:
            self.pause = self.backoff(number)
            if self.loop.time() + self.pause < self.end:
                return self.pausing
            break
        raise failure
        yield

    def pausing(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(self.pause).__await__()
        return self.trying


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    return await _Retry(op, attempts, per_try, deadline, backoff)
