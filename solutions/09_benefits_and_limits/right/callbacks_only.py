"""Callbacks alone: fair_map is stepped by call_soon, and the detector counts on a grid."""

import asyncio
import types
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class _Dashboard:
    def __init__(self, api: Any, user_id: int) -> None:
        self.data: dict[str, Any] = {}
        self.over: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.running: set[asyncio.Future[Any]] = set()
        self._api = api
        self._start("user", api.user(user_id))
        self._start("orders", api.orders(user_id))
        self._start("messages", api.messages(user_id))

    def _start(self, key: str, thing: Any) -> None:
        part = asyncio.ensure_future(thing)
        self.running.add(part)
        part.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: str, part: "asyncio.Future[Any]") -> None:
        self.running.discard(part)
        if self.over.done():
            if not part.cancelled():
                part.exception()
        elif part.cancelled():
            self.over.cancel()
        elif (error := part.exception()) is not None:
            self.over.set_exception(error)
        else:
            self.data[key] = part.result()
            if key == "user":
                self._start("recommendations", self._api.recommendations(part.result()))
            if not self.running:
                self.over.set_result(self.data)


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    dashboard = _Dashboard(api, user_id)
    try:
        return await dashboard.over
    finally:
        if dashboard.running:
            for part in dashboard.running:
                part.cancel()
            await asyncio.wait(dashboard.running)


@types.coroutine
def _let_others_run() -> Generator[None, None, None]:
    yield


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    results = []
    left = batch
    for item in items:
        results.append(fn(item))
        left -= 1
        if not left:
            await _let_others_run()
            left = batch
    return results


class StallDetector:
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.threshold = threshold
        self.interval = interval
        self.stalls: list[float] = []

    def _due_times(self, start: float) -> Iterator[float]:
        k = 0
        while True:
            k += 1
            yield start + k * self.interval

    async def __aenter__(self) -> "StallDetector":
        self._loop = asyncio.get_running_loop()
        self._grid = self._due_times(self._loop.time())
        self._next()
        return self

    def _next(self) -> None:
        now = self._loop.time()
        self._due = next(due for due in self._grid if due > now)
        self._handle = self._loop.call_at(self._due, self._on_time)

    def _on_time(self) -> None:
        self._measure()
        self._next()

    def _measure(self) -> None:
        if (late := self._loop.time() - self._due) > self.threshold:
            self.stalls.append(late)

    async def __aexit__(self, *exc: Any) -> bool:
        self._handle.cancel()
        self._measure()
        return False
