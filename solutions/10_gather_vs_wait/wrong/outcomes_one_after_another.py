"""The awaitables are awaited one after the other, none is started beforehand.

Fails: test_outcomes_runs_all_at_once
Says: At most 1 of 6 awaitables ran at the same time; the call took 33 s instead of 8.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []

    waiting = list(aws)
    try:
        while waiting:
            future: asyncio.Future[T] = asyncio.ensure_future(waiting.pop(0))
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                waiting.insert(0, future)
                raise
            try:
                found.append(("ok", future.result()))
            except BaseException as exc:
                found.append(("err", exc))
    finally:
        rest: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in waiting]
        for future in rest:
            future.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("at least one awaitable is needed")
    ended: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for future in futures:
        future.add_done_callback(ended.put_nowait)
    try:
        for _ in futures:
            future = await ended.get()
            if not future.cancelled() and future.exception() is None:
                return future.result()
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("all failed", failures)
