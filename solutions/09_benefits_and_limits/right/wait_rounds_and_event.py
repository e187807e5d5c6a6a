"""Rounds of wait(); the probing task is ended by an event, not by cancelling."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    tasks: dict[asyncio.Future[Any], str] = {}

    def start(key: str, thing: Any) -> None:
        tasks[asyncio.ensure_future(thing, loop=loop)] = key

    start("user", api.user(user_id))
    start("orders", api.orders(user_id))
    start("messages", api.messages(user_id))
    found: dict[str, Any] = {}
    try:
        while tasks:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                key = tasks.pop(task)
                found[key] = task.result()
                if key == "user":
                    start("recommendations", api.recommendations(found[key]))
        return found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    iterator = iter(items)
    results: list[B] = []
    while True:
        for _ in range(batch):
            try:
                item = next(iterator)
            except StopIteration:
                return results
            results.append(fn(item))
        await asyncio.sleep(0)


class StallDetector:
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls: list[float] = []
        self.threshold = threshold
        self.interval = interval

    async def __aenter__(self) -> "StallDetector":
        self._now = asyncio.get_running_loop().time
        self._last = self._now()
        self._stop = asyncio.Event()
        self._prober = asyncio.create_task(self._probe())
        return self

    async def _probe(self) -> None:
        while not self._stop.is_set():
            try:
                async with asyncio.timeout_at(self._last + self.interval):
                    await self._stop.wait()
            except TimeoutError:
                pass
            self._note()

    def _note(self) -> None:
        now = self._now()
        late = now - self._last - self.interval
        if late > self.threshold:
            self.stalls.append(late)
        if late >= 0:
            self._last = now

    async def __aexit__(self, *exc: Any) -> None:
        self._stop.set()
        self._note()
        try:
            await asyncio.shield(self._prober)
        except asyncio.CancelledError:
            self._prober.cancel()
            await asyncio.wait([self._prober])
            raise
