"""Done callbacks fill in the outcomes and count down; one future wakes the caller at zero."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Literal, TypeVar

T = TypeVar("T")


async def _until_all_ended(futures: list[asyncio.Future[T]], on_end: Callable[[int, asyncio.Future[T]], None]) -> None:
    loop = asyncio.get_running_loop()
    left = len(futures)
    zero: asyncio.Future[None] = loop.create_future()

    def ended(index: int, future: asyncio.Future[T]) -> None:
        nonlocal left
        left -= 1
        on_end(index, future)
        if left == 0:
            zero.set_result(None)

    for index, future in enumerate(futures):
        future.add_done_callback(partial(ended, index))
    cancelled: asyncio.CancelledError | None = None
    while left:
        try:
            await asyncio.shield(zero)
        except asyncio.CancelledError as exc:
            if cancelled is None:
                for future in futures:
                    future.cancel()
            cancelled = exc
    if cancelled is not None:
        raise cancelled


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    slots: dict[int, tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = {}

    def note(index: int, future: asyncio.Future[T]) -> None:
        try:
            slots[index] = ("ok", future.result())
        except BaseException as exc:
            slots[index] = ("err", exc)

    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await _until_all_ended(futures, note)
    return [slots[index] for index in range(len(futures))]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("nothing to race")
    winners: list[T] = []
    failures: dict[int, BaseException] = {}

    def note(index: int, future: asyncio.Future[T]) -> None:
        try:
            value = future.result()
        except BaseException as exc:
            failures[index] = exc
            return
        if not winners:
            for other in futures:
                other.cancel()
        winners.append(value)

    await _until_all_ended(futures, note)
    if winners:
        return winners[0]
    raise BaseExceptionGroup("all of them failed", [failures[i] for i in range(len(futures))])
