"""asyncio.wait with a timeout on one task; whoever is not done by then is cancelled and waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def _as_coroutine(op: Callable[[], Awaitable[T]]) -> T:
    return await op()


async def _stop(task: asyncio.Task[Any]) -> None:
    """Cancel the task, wait for it; a cancellation of ourselves meanwhile is handed down and kept."""
    kept: asyncio.CancelledError | None = None
    task.cancel()
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            kept = exc
            task.cancel()
    if not task.cancelled():
        task.exception()
    if kept is not None:
        raise kept


async def _in_time(task: asyncio.Task[Any], seconds: float) -> bool:
    """Wait for the task; False says that it was too slow (and has been stopped)."""
    try:
        done, _ = await asyncio.wait([task], timeout=seconds)
    except asyncio.CancelledError:
        await _stop(task)
        raise
    if done:
        return True
    await _stop(task)
    return False


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    task = asyncio.create_task(_as_coroutine(op))
    if await _in_time(task, seconds):
        return task.result()
    raise TimeoutError(f"not done within {seconds} seconds")


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    now = asyncio.get_running_loop().time
    end = now() + deadline
    for n in range(1, attempts + 1):
        rest = end - now()
        task = asyncio.create_task(_as_coroutine(op))
        if await _in_time(task, min(per_try, rest)):
            if n == attempts or task.cancelled():
                return task.result()
            if not isinstance(task.exception(), OSError):
                return task.result()
        elif rest <= per_try:
            raise TimeoutError("deadline reached in a try")
        elif n == attempts:
            raise TimeoutError("the last try was too slow")
        rest = end - now()
        if rest <= 0:
            raise TimeoutError("deadline reached in a cleanup")
        pause = asyncio.create_task(asyncio.sleep(backoff(n)))
        if not await _in_time(pause, rest):
            raise TimeoutError("deadline reached in a pause")
    raise AssertionError("attempts must be at least 1")
