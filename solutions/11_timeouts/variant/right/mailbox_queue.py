"""One mailbox (asyncio.Queue) receives all news: the try ended, the try is too slow, the pause is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _run(op: Callable[[], Awaitable[T]]) -> T:
    return await op()


async def _follow(op: Callable[[], Awaitable[T]], seconds: float) -> asyncio.Task[T] | None:
    """Return the task of the operation once it has ended; None if it had to be cancelled for its slowness."""
    loop = asyncio.get_running_loop()
    mail: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(_run(op))
    task.add_done_callback(lambda _: mail.put_nowait("ended"))
    timer = loop.call_later(seconds, mail.put_nowait, "slow")
    stopped: asyncio.CancelledError | None = None
    first = ""
    while True:
        try:
            news = await mail.get()
        except asyncio.CancelledError as error:
            stopped = error
            timer.cancel()
            task.cancel()
            continue
        first = first or news
        if news == "ended":
            break
        if stopped is None:
            task.cancel()
    timer.cancel()
    if not task.cancelled():
        task.exception()
    if stopped is not None:
        raise stopped
    return task if first == "ended" else None


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = await _follow(op, seconds)
    if task is None:
        raise TimeoutError
    return task.result()


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
    mail: asyncio.Queue[str] = asyncio.Queue()
    for n in range(1, attempts + 1):
        task = await _follow(op, per_try)
        failed = task is None or (not task.cancelled() and isinstance(task.exception(), OSError))
        goes_on = failed and n < attempts
        if goes_on:
            when = loop.time() + backoff(n)
            goes_on = when < end
        if not goes_on:
            if task is None:
                raise TimeoutError
            return task.result()
        timer = loop.call_at(when, mail.put_nowait, "pause over")
        try:
            await mail.get()
        finally:
            timer.cancel()
    raise AssertionError("attempts must be at least 1")
