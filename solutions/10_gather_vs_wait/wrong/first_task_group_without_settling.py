"""The children run in a TaskGroup unwrapped: the first failure cancels everybody who might still win.

Fails: test_failures_are_skipped
Says: An exception left the code: BaseExceptionGroup: all failed (4
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def _own(future: "asyncio.Future[T]") -> T:
    try:
        await asyncio.wait([future])
    except asyncio.CancelledError:
        future.cancel()
        await asyncio.wait([future])
        raise
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

    def stop_others(future: asyncio.Future[T]) -> None:
        if not future.cancelled() and future.exception() is None:
            for other in futures:
                if other is not future:
                    other.cancel()

    for future in futures:
        future.add_done_callback(stop_others)
    try:
        async with asyncio.TaskGroup() as group:
            for future in futures:
                group.create_task(_own(future))
    except BaseExceptionGroup:
        pass
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
    for future in futures:
        if not future.cancelled() and future.exception() is None:
            return future.result()
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("all failed", failures)
