"""It waits for one of those that still run, although a future given to it has succeeded already.

Fails: test_a_cancelled_child_has_failed
Says: 'b' had been cancelled and 'c' had succeeded, but the call ended at t=
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


async def _end(futures: "list[asyncio.Future[Any]]") -> None:
    """Cancel those that still run, and wait for all."""
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)


def _outcome(future: "asyncio.Future[T]") -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
    try:
        return "ok", future.result()
    except BaseException as exc:
        return "err", exc


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    try:
        if futures:
            await asyncio.wait(futures)
    finally:
        await _end(futures)
    return [_outcome(future) for future in futures]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("no awaitable was given")
    ended: list[asyncio.Future[T]] = []
    for future in futures:
        future.add_done_callback(ended.append)
    try:
        for place in range(len(futures)):
            while place == len(ended):
                alive = [future for future in futures if not future.done()]
                if alive:
                    await asyncio.wait(alive, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(0)
            if not ended[place].cancelled() and ended[place].exception() is None:
                return ended[place].result()
    finally:
        await _end(futures)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("every awaitable failed", failures)
