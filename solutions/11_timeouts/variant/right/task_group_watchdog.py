"""A TaskGroup holds the operation and a watchdog that cancels it; failures are carried out of it by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    loop = asyncio.get_running_loop()
    ending: asyncio.Future[T] = loop.create_future()

    async def work() -> None:
        try:
            ending.set_result(await op())
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            ending.set_exception(error)
        finally:
            watchdog.cancel()

    async def watch() -> None:
        await asyncio.sleep(seconds)
        worker.cancel()

    async with asyncio.TaskGroup() as group:
        watchdog = group.create_task(watch())
        worker = group.create_task(work())
    if not ending.done():
        raise TimeoutError
    return ending.result()


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
    tries_left = attempts
    while True:
        tries_left -= 1
        try:
            return await call_with_timeout(op, per_try)
        except OSError as error:
            failure = error
        try:
            if not tries_left:
                raise failure
            pause = backoff(attempts - tries_left)
            if end - loop.time() <= pause:
                raise failure
        finally:
            del failure
        await asyncio.sleep(pause)
