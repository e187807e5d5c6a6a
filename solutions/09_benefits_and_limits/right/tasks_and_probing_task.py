"""Tasks are started first and awaited later; the probe is a task that is given its first due time by __aenter__."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def _await(thing: Awaitable[A]) -> A:
    return await thing


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    orders = asyncio.create_task(_await(api.orders(user_id)))
    messages = asyncio.create_task(_await(api.messages(user_id)))
    try:
        user = await api.user(user_id)
        recommendations = await api.recommendations(user)
        return {
            "user": user,
            "orders": await orders,
            "messages": await messages,
            "recommendations": recommendations,
        }
    finally:
        for task in (orders, messages):
            task.cancel()
        await asyncio.gather(orders, messages, return_exceptions=True)


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    source = iter(items)
    results: list[B] = []
    while chunk := list(islice(source, batch)):
        results.extend(map(fn, chunk))
        await asyncio.sleep(0)
    return results


class StallDetector:
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls: list[float] = []
        self._threshold = threshold
        self._interval = interval
        self._due = 0.0

    async def __aenter__(self) -> "StallDetector":
        self._due = asyncio.get_running_loop().time() + self._interval
        self._task = asyncio.create_task(self._watch())
        return self

    def _check(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._due:
            return
        if now - self._due > self._threshold:
            self.stalls.append(now - self._due)
        self._due = now + self._interval

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._due - asyncio.get_running_loop().time())
            self._check()

    async def __aexit__(self, *exc: Any) -> None:
        self._check()
        self._task.cancel()
        await asyncio.wait([self._task])
