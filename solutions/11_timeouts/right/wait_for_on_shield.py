"""asyncio.wait_for on a shielded task, with the cancelling and waiting done by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def _finish(task: asyncio.Future[T]) -> None:
    """Cancel the task once and stay until its cleanup is through."""
    task.cancel()
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as exc:
            interrupted = exc
    if not task.cancelled():
        task.exception()  # looked at, so that nobody logs it
    if interrupted is not None:
        raise interrupted


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    me = asyncio.current_task()
    assert me is not None
    requests = me.cancelling()
    task = asyncio.ensure_future(op())
    try:
        return await asyncio.wait_for(asyncio.shield(task), seconds)
    finally:
        if not task.done():
            await _finish(task)
        elif not task.cancelled():
            task.exception()
        # Before 3.12 wait_for prefers a result to a cancellation that comes in the same moment.
        if me.cancelling() > requests:
            raise asyncio.CancelledError


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
        own_failure = False

        async def one_try() -> T:
            nonlocal own_failure
            try:
                return await op()
            except OSError:
                own_failure = True
                raise

        try:
            return await call_with_timeout(one_try, min(per_try, left))
        except OSError:
            if n == attempts:
                raise
            if left <= per_try and not own_failure:
                raise
        left = end - loop.time()
        pause = backoff(n)
        if left <= 0:
            raise TimeoutError
        if pause >= left:
            await asyncio.sleep(left)
            raise TimeoutError
        await asyncio.sleep(pause)
    raise AssertionError("attempts must be at least 1")
