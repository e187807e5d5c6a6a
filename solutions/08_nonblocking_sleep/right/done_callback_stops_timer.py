"""No try/finally in sleep: a done callback of the future cancels the timer, whoever ended the future."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


def _finish(future: "asyncio.Future[Any]", value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _alarm(delay: float, value: T) -> "asyncio.Future[T]":
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    if delay <= 0:
        loop.call_soon(_finish, future, value)
    else:
        handle = loop.call_later(delay, _finish, future, value)
        future.add_done_callback(lambda _: handle.cancel())
    return future


async def sleep(delay: float, result: T = None) -> T:
    return await _alarm(delay, result)


async def every(interval: float, fn: Callable[[], Awaitable[Any]], *, times: int) -> None:
    now = asyncio.get_running_loop().time
    due_times = map(partial(_due, now(), interval), range(times))
    for due in due_times:
        if now() < due:
            await _alarm(due - now(), None)
        await fn()


def _due(start: float, interval: float, k: int) -> float:
    return start + k * interval


async def sleep_until(when: datetime) -> None:
    if when.utcoffset() is None:
        raise ValueError("when must be aware")
    utc = when.astimezone(timezone.utc)
    slept = False
    while not slept or datetime.now(timezone.utc) < utc:
        await _alarm((utc - datetime.now(timezone.utc)).total_seconds(), None)
        slept = True
