"""wait_for on a bare future makes the pause; each call of every runs as a task that is awaited before the next."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any, TypeVar

T = TypeVar("T")


class _Turn:
    def __await__(self) -> Any:
        yield


async def sleep(delay: float, result: T = None) -> T:
    if delay <= 0:
        await _Turn()
    else:
        try:
            await asyncio.wait_for(asyncio.get_running_loop().create_future(), delay)
        except TimeoutError:
            pass
    return result


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()

    async def call(k: int) -> None:
        pause = start + k * interval - loop.time()
        if pause > 0:
            await sleep(pause)
        await fn()

    for k in range(times):
        await loop.create_task(call(k))


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("naive datetime")

    def left() -> float:
        return when.timestamp() - datetime.now(timezone.utc).timestamp()

    pause = left()
    while True:
        await sleep(pause)
        pause = left()
        if pause <= 0:
            break
