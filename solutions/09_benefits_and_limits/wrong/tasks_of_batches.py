"""Each call is a task, all gathered at once: they run in the same round, without a turn for others in between.

Fails: test_others_get_a_turn_after_each_batch
Says: batch=3: fn was called 10 times in one go, and in between no other task got
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    async def with_user() -> tuple[Any, Any]:
        user = await api.user(user_id)
        return user, await api.recommendations(user)

    tasks = [asyncio.ensure_future(part) for part in (with_user(), api.orders(user_id), api.messages(user_id))]
    try:
        (user, recommendations), orders, messages = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {"user": user, "orders": orders, "messages": messages, "recommendations": recommendations}


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    async def call(item: A) -> B:
        return fn(item)

    return list(await asyncio.gather(*(call(item) for item in items)))


class StallDetector:
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.threshold = threshold
        self.interval = interval
        self.stalls: list[float] = []

    async def __aenter__(self) -> "StallDetector":
        self._loop = asyncio.get_running_loop()
        self._arm()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self._handle.cancel()
        self._look()

    def _arm(self) -> None:
        self._due = self._loop.time() + self.interval
        self._handle = self._loop.call_at(self._due, self._probe)

    def _look(self) -> None:
        late = self._loop.time() - self._due
        if late > self.threshold:
            self.stalls.append(late)

    def _probe(self) -> None:
        self._look()
        self._arm()
