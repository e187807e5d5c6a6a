"""Results are told from failures by their truth: 0 and None go missing.

Fails: test_outcomes_in_the_order_given
Says: outcomes returned [('ok', 'A'), ('err', LookupError('no such page')),
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    errors: dict[int, BaseException] = {}
    results: dict[int, T] = {}
    await asyncio.gather(*futures, return_exceptions=True)
    for index, future in enumerate(futures):
        try:
            results[index] = future.result()
        except BaseException as exc:
            errors[index] = exc
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for index in range(len(futures)):
        if result := results.get(index):
            found.append(("ok", result))
        elif error := errors.get(index):
            found.append(("err", error))
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
