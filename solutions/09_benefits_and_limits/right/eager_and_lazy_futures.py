"""Eager tasks where there are any, and a detector with one re-used closure."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable
from functools import cached_property
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


def _spawn(coro: Coroutine[Any, Any, A]) -> "asyncio.Task[A]":
    if sys.version_info >= (3, 12):
        return asyncio.Task(coro, loop=asyncio.get_running_loop(), eager_start=True)
    return asyncio.create_task(coro)


class _Parts:
    names = ("recommendations", "messages", "orders", "user")

    def __init__(self, api: Any, user_id: int) -> None:
        self.api = api
        self.id = user_id

    async def _get_user(self) -> Any:
        return await self.api.user(self.id)

    async def _get_orders(self) -> Any:
        return await self.api.orders(self.id)

    async def _get_messages(self) -> Any:
        return await self.api.messages(self.id)

    async def _get_recommendations(self) -> Any:
        return await self.api.recommendations(await asyncio.shield(self.user))

    @cached_property
    def user(self) -> "asyncio.Task[Any]":
        return _spawn(self._get_user())

    @cached_property
    def orders(self) -> "asyncio.Task[Any]":
        return _spawn(self._get_orders())

    @cached_property
    def messages(self) -> "asyncio.Task[Any]":
        return _spawn(self._get_messages())

    @cached_property
    def recommendations(self) -> "asyncio.Task[Any]":
        return _spawn(self._get_recommendations())


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    parts = _Parts(api, user_id)
    tasks = {name: getattr(parts, name) for name in parts.names}
    try:
        return dict(zip(tasks, await asyncio.gather(*tasks.values())))
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


class _Batch:
    """Awaiting a batch runs it and gives one turn."""

    def __init__(self, fn: Callable[[A], B], items: list[A]) -> None:
        self.fn, self.items = fn, items

    def __await__(self) -> Any:
        results = [self.fn(item) for item in self.items]
        yield
        return results


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    everything = list(items)
    results: list[B] = []
    for first in range(0, len(everything), batch):
        results += await _Batch(fn, everything[first : first + batch])
    return results


class StallDetector:
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls: list[float] = []
        self.threshold = threshold
        self.interval = interval
        self._disarm: Callable[[], None] = lambda: None

    async def __aenter__(self) -> "StallDetector":
        self._disarm = self._armed()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        self._disarm()

    def _armed(self) -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        handles: list[asyncio.TimerHandle] = []

        def probe() -> None:
            self._judge(loop.time() - handles.pop().when())
            handles.append(loop.call_later(self.interval, probe))

        def disarm() -> None:
            handle = handles.pop()
            handle.cancel()
            self._judge(loop.time() - handle.when())

        handles.append(loop.call_later(self.interval, probe))
        return disarm

    def _judge(self, late: float) -> None:
        if late > self.threshold:
            self.stalls.append(late)
