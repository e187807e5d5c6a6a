"""The failures are grouped in the order in which they happened.

Fails: test_all_fail
Says: The group holds LookupError: f, LookupError: e, LookupError: d,
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
    ended: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for future in futures:
        future.add_done_callback(ended.put_nowait)
    failures: list[BaseException] = []
    try:
        for _ in futures:
            future = await ended.get()
            try:
                return future.result()
            except BaseException as exc:
                failures.append(exc)
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
    raise BaseExceptionGroup("all failed", failures)
