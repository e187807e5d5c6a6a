"""None marks `no winner yet`, so a child that returns None does not win.

Fails: test_falsy_values_are_successes
Says: The first to succeed returned None, but first_success returned 'late'.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


def _value_or_none(future: "asyncio.Future[T]") -> T | None:
    if future.cancelled() or future.exception() is not None:
        return None
    return future.result()


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await asyncio.gather(*futures, return_exceptions=True)
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        try:
            found.append(("ok", future.result()))
        except BaseException as exc:
            found.append(("err", exc))
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
            result = _value_or_none(future)
            if result is not None:
                return result
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
