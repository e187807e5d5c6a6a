"""asyncio.as_completed over a single task gives the time limit; the task itself tells whose TimeoutError it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _drain(task: asyncio.Future[T]) -> None:
    """Cancel the task and outlast its cleanup, even if somebody loses patience with us meanwhile."""
    task.cancel()
    impatient = 0
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            impatient += 1
    if not task.cancelled():
        task.exception()
    if impatient:
        raise asyncio.CancelledError


async def _completed(task: asyncio.Future[T], seconds: float) -> bool:
    """True when the task ended in time, otherwise it has been cancelled and has ended since."""
    me = asyncio.current_task()
    assert me is not None
    requests = me.cancelling()
    try:
        for next_one in asyncio.as_completed([task], timeout=seconds):
            await next_one
    except asyncio.CancelledError:
        if task.cancelled() and me.cancelling() == requests:
            return True  # op ended with a cancellation of its own making
        await _drain(task)
        raise
    except BaseException:
        if not task.done():
            await _drain(task)
            return False
    return True


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = asyncio.ensure_future(op())
    if not await _completed(task, seconds):
        raise TimeoutError(seconds)
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
    for n in range(1, attempts + 1):
        left = end - loop.time()
        task = asyncio.ensure_future(op())
        in_time = await _completed(task, min(left, per_try))
        if not in_time and (n == attempts or left <= per_try):
            raise TimeoutError
        if in_time and (n == attempts or task.cancelled()):
            return task.result()
        if in_time and not isinstance(task.exception(), OSError):
            return task.result()
        left = end - loop.time()
        if left <= 0:
            raise TimeoutError
        pause = asyncio.ensure_future(asyncio.sleep(backoff(n)))
        if not await _completed(pause, left):
            raise TimeoutError
    raise AssertionError("attempts must be at least 1")
