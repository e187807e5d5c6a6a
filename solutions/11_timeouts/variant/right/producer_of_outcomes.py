"""A worker task makes the tries and reports each outcome; the caller decides and sends back the pause, or stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await op()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    outcomes: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    pauses: asyncio.Queue[float] = asyncio.Queue()

    async def work() -> None:
        while True:
            outcome: asyncio.Future[T] = loop.create_future()
            try:
                outcome.set_result(await call_with_timeout(op, per_try))
            except asyncio.CancelledError:
                outcome.cancel()
                raise
            except Exception as error:
                outcome.set_exception(error)
            outcomes.put_nowait(outcome)
            await asyncio.sleep(await pauses.get())

    worker = asyncio.create_task(work())
    try:
        for number in range(1, attempts + 1):
            outcome = await outcomes.get()
            if number == attempts or not isinstance(outcome.exception(), OSError):
                return outcome.result()
            pause = backoff(number)
            if loop.time() + pause >= end:
                return outcome.result()
            pauses.put_nowait(pause)
        raise AssertionError("attempts must be at least 1")
    finally:
        worker.cancel()
        await asyncio.wait([worker])
