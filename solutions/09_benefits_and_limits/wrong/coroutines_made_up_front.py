"""The coroutines are created first and awaited later, as if calling an async function started it.

Fails: test_independent_calls_overlap
Says: api.orders() was started only at t=12; the dashboard took 15 s.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    user_call = api.user(user_id)
    orders_call = api.orders(user_id)
    messages_call = api.messages(user_id)
    user = await user_call
    recommendations = await api.recommendations(user)
    orders = await orders_call
    messages = await messages_call
    return {"user": user, "orders": orders, "messages": messages, "recommendations": recommendations}


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    results: list[B] = []
    for item in items:
        results.append(fn(item))
        if len(results) % batch == 0:
            await asyncio.sleep(0)
    return results


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
