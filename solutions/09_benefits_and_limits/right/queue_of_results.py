"""Results come through a queue, batches through an async generator; the detector is a generator object."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import aclosing
from itertools import chain, islice
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    box: asyncio.Queue[tuple[str, Any, BaseException | None]] = asyncio.Queue()

    async def fetch(key: str, call: Callable[[Any], Awaitable[Any]], argument: Any) -> None:
        try:
            result = await call(argument)
        except Exception as error:
            box.put_nowait((key, None, error))
        else:
            if key == "user":
                workers.append(asyncio.create_task(fetch("recommendations", api.recommendations, result)))
            box.put_nowait((key, result, None))

    workers = [asyncio.create_task(fetch(key, getattr(api, key), user_id)) for key in ("messages", "orders", "user")]
    board: dict[str, Any] = {}
    try:
        while len(board) < 4:
            key, board[key], error = await box.get()
            if error is not None:
                raise error
        return board
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _mapped(fn: Callable[[A], B], items: Iterable[A], batch: int) -> AsyncGenerator[list[B], None]:
    source = iter(items)
    for first in source:
        yield [fn(item) for item in chain([first], islice(source, batch - 1))]
        await asyncio.sleep(0)


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    async with aclosing(_mapped(fn, items, batch)) as parts:
        return [result async for part in parts for result in part]


class StallDetector:
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls: list[float] = []
        self._limit = threshold
        self._interval = interval

    def _probing(self, loop: asyncio.AbstractEventLoop) -> Generator[float, float, None]:
        """Takes the time, gives the next moment to look at."""
        due = loop.time() + self._interval
        while True:
            now = yield due
            if now - due > self._limit:
                self.stalls.append(now - due)
            if now >= due:
                due = now + self._interval

    async def __aenter__(self) -> "StallDetector":
        self._loop = asyncio.get_running_loop()
        self._steps = self._probing(self._loop)
        self._timer = self._loop.call_at(next(self._steps), self._step)
        return self

    def _step(self) -> None:
        self._timer = self._loop.call_at(self._steps.send(self._loop.time()), self._step)

    async def __aexit__(self, *exc: Any) -> None:
        self._timer.cancel()
        self._steps.send(self._loop.time())
        self._steps.close()
