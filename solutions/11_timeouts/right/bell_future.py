"""A bare future as a bell, rung either by the task's done callback or by loop.call_at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def _bell(task: asyncio.Task[Any], when: float | None) -> None:
    """Return when the task has ended or the time has come, whichever is first."""
    loop = asyncio.get_running_loop()
    bell: asyncio.Future[None] = loop.create_future()

    def ring(*_: object) -> None:
        if not bell.done():
            bell.set_result(None)

    handle = None if when is None else loop.call_at(when, ring)
    task.add_done_callback(ring)
    try:
        await bell
    finally:
        task.remove_done_callback(ring)
        if handle is not None:
            handle.cancel()


async def _conduct(op: Callable[[], Awaitable[T]], when: float) -> asyncio.Task[T] | None:
    """The ended task of op, or None when it had to be cut at that time."""

    async def run() -> T:
        return await op()

    task = asyncio.create_task(run())
    outside: asyncio.CancelledError | None = None
    try:
        await _bell(task, when)
    except asyncio.CancelledError as exc:
        outside = exc
    in_time = task.done()
    if not in_time:
        task.cancel()
    while not task.done():
        try:
            await _bell(task, None)
        except asyncio.CancelledError as exc:
            outside = exc
    if not task.cancelled():
        task.exception()
    if outside is not None:
        raise outside
    return task if in_time else None


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    when = asyncio.get_running_loop().time() + seconds
    task = await _conduct(op, when)
    if task is None:
        raise TimeoutError(f"gave up after {seconds} s")
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
        when = loop.time() + per_try
        task = await _conduct(op, min(when, end))
        if task is None and (n == attempts or end <= when):
            raise TimeoutError
        if task is not None:
            failed = not task.cancelled() and isinstance(task.exception(), OSError)
            if not failed or n == attempts:
                return task.result()
        if loop.time() > end:
            raise TimeoutError
        delay = backoff(n)
        if await _conduct(lambda: asyncio.sleep(delay), end) is None:
            raise TimeoutError
    raise AssertionError("attempts must be at least 1")
