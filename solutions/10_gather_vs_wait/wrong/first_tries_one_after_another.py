"""The next child is started only when the one before has failed.

Fails: test_first_success_wins
Says: At most 1 of 6 awaitables ran at the same time; 'f', which takes 3 s, was
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
    waiting = list(aws)
    if not waiting:
        raise ValueError("at least one awaitable is needed")
    futures: list[asyncio.Future[T]] = []
    try:
        while waiting:
            future: asyncio.Future[T] = asyncio.ensure_future(waiting.pop(0))
            futures.append(future)
            await asyncio.wait([future])
            if not future.cancelled() and future.exception() is None:
                return future.result()
    finally:
        futures += [asyncio.ensure_future(aw) for aw in waiting]
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
