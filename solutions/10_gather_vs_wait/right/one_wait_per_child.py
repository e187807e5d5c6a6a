"""The children run side by side while asyncio.wait looks at one after the other, in the order given."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


def _started(aws: Iterable[Awaitable[T]]) -> list[asyncio.Future[T]]:
    return [asyncio.ensure_future(aw) for aw in aws]


async def _end(futures: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel what still runs, once, and see every last one of them end."""
    rest = [future for future in futures if not future.done()]
    for future in rest:
        future.cancel()
    disturbed = False
    for future in rest:
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                disturbed = True
    for future in futures:
        if not future.cancelled():
            future.exception()
    if disturbed:
        raise asyncio.CancelledError


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures = _started(aws)
    answer: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    try:
        for future in futures:
            # wait() does not raise what the future raises: a CancelledError
            # from this line is ours, one from result() is the child's.
            await asyncio.wait([future])
            try:
                answer.append(("ok", future.result()))
            except BaseException as exc:
                answer.append(("err", exc))
    finally:
        await _end(futures)
    return answer


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures = _started(aws)
    if not futures:
        raise ValueError("empty")
    order_of_ending: list[asyncio.Future[T]] = []
    for future in futures:
        future.add_done_callback(order_of_ending.append)
    seen = 0
    try:
        while seen < len(futures):
            if seen == len(order_of_ending):
                alive = [future for future in futures if not future.done()]
                if len(alive) + seen == len(futures):
                    await asyncio.wait(alive, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(0)  # ended already, the callbacks are due
                continue
            ended = order_of_ending[seen]
            seen += 1
            if not ended.cancelled() and ended.exception() is None:
                return ended.result()
    finally:
        await _end(futures)
    reasons: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            reasons.append(exc)
    raise BaseExceptionGroup("no awaitable succeeded", reasons)
