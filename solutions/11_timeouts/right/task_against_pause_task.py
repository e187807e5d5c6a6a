"""Two tasks race in asyncio.wait: the operation against a sleep; the loser is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def _clear(*tasks: asyncio.Future[Any]) -> None:
    """Cancel all of them and return only when every one has ended."""
    for task in tasks:
        task.cancel()
    hit: BaseException | None = None
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError as exc:
            hit = exc
    for task in tasks:
        if not task.cancelled():
            task.exception()
    if hit is not None:
        raise hit


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    clock = asyncio.create_task(asyncio.sleep(seconds))
    job = asyncio.ensure_future(op())
    try:
        await asyncio.wait({clock, job}, return_when=asyncio.FIRST_COMPLETED)
        if job.done():
            return job.result()
        raise TimeoutError
    finally:
        await _clear(clock, job)


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    the_end = asyncio.create_task(asyncio.sleep(deadline))
    try:
        for n in range(1, attempts + 1):
            slow = asyncio.create_task(asyncio.sleep(per_try))
            job = asyncio.ensure_future(op())
            try:
                await asyncio.wait({the_end, slow, job}, return_when=asyncio.FIRST_COMPLETED)
                if job.done():
                    if n == attempts or job.cancelled():
                        return job.result()
                    if not isinstance(job.exception(), OSError):
                        return job.result()
                elif the_end.done() or n == attempts:
                    raise TimeoutError
            finally:
                await _clear(slow, job)
            if the_end.done():
                raise TimeoutError
            pause = asyncio.create_task(asyncio.sleep(backoff(n)))
            try:
                await asyncio.wait({the_end, pause}, return_when=asyncio.FIRST_COMPLETED)
                if not pause.done():
                    raise TimeoutError
            finally:
                await _clear(pause)
        raise AssertionError("attempts must be at least 1")
    finally:
        await _clear(the_end)
