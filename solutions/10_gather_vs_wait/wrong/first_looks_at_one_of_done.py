"""Of the set that asyncio.wait returns only one is looked at; a success beside a failure is lost.

Fails: test_failures_are_skipped
Says: 31 failed and one succeeded at the same moment, but first_success
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


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
    try:
        pending = set(futures)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            future = done.pop()
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
