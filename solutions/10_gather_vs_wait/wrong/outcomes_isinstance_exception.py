"""Failures are told by isinstance(x, Exception), which a CancelledError is not: it counts as ok.

Fails: test_a_cancelled_child_is_an_outcome
Says: 'b' was cancelled, the others returned: got [('ok', 'A'), ('ok',
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar, cast

T = TypeVar("T")


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await asyncio.gather(*futures, return_exceptions=True)
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        failure: BaseException | None
        try:
            failure = future.exception()
        except asyncio.CancelledError as exc:
            failure = exc
        if failure is None:
            found.append(("ok", future.result()))
        elif isinstance(failure, Exception):
            found.append(("err", failure))
        else:
            found.append(("ok", cast(T, failure)))
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
