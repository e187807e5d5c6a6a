"""Every try is a task; asyncio.wait with a timeout watches it, and what it ended with is looked at, not caught."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _stop(task: asyncio.Future[T]) -> None:
    """Cancel the task once and stay until its cleanup is over."""
    task.cancel()
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            interrupted = error
    if not task.cancelled():
        task.exception()
    if interrupted is not None:
        raise interrupted


async def _attempt(op: Callable[[], Awaitable[T]], seconds: float) -> asyncio.Future[T]:
    """Return a future that is done: the operation's own, or one that holds a TimeoutError."""
    task = asyncio.ensure_future(op())
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        await _stop(task)
        raise
    if task.done():
        return task
    await _stop(task)
    late: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    late.set_exception(TimeoutError(f"no answer within {seconds} s"))
    return late


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    return (await _attempt(op, seconds)).result()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for n in range(1, attempts + 1):
        outcome = await _attempt(op, per_try)
        if n == attempts or outcome.cancelled() or not isinstance(outcome.exception(), OSError):
            return outcome.result()
        spent, pause = loop.time() - begun, backoff(n)
        if spent + pause >= deadline:
            return outcome.result()
        await asyncio.sleep(pause)
    raise ValueError("attempts must be at least 1")
