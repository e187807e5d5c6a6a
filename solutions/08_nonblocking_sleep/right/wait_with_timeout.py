"""asyncio.wait with a timeout on a future that stays pending; every is driven by a metronome of timers and a queue."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

T = TypeVar("T")


async def sleep(delay: float, result: T = None) -> T:
    loop = asyncio.get_running_loop()
    if delay > 0:
        await asyncio.wait({loop.create_future()}, timeout=delay)
    else:
        moment = loop.create_future()
        handle = loop.call_soon(moment.set_result, None)
        try:
            await moment
        finally:
            handle.cancel()
    return result


class _Metronome:
    def __init__(self, interval: float, times: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._interval = interval
        self._times = times
        self._k = 0
        self._handle: asyncio.TimerHandle | None = None
        self.ticks: asyncio.Queue[int] = asyncio.Queue()
        self._beat()

    def _beat(self) -> None:
        self.ticks.put_nowait(self._k)
        self._k += 1
        self._handle = None
        if self._k < self._times:
            self._handle = self._loop.call_at(self._start + self._k * self._interval, self._beat)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    if times < 1:
        return
    metronome = _Metronome(interval, times)
    try:
        for _ in range(times):
            await metronome.ticks.get()
            await fn()
    finally:
        metronome.stop()


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("when has no time zone")
    target = (when - _EPOCH) // timedelta(microseconds=1) * 1000
    late = False
    while not late:
        await sleep((target - time.time_ns()) / 1_000_000_000)
        late = time.time_ns() >= target
