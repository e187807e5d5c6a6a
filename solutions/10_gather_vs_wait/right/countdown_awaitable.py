"""A hand-written awaitable class: `await countdown` parks the caller until its count has been used up."""

import asyncio
from collections.abc import Awaitable, Generator, Iterable, Sequence
from typing import Any, Literal, TypeVar

T = TypeVar("T")


class _Countdown:
    def __init__(self, count: int) -> None:
        self._count = count
        self._parked: list[asyncio.Future[None]] = []

    def step(self, future: "asyncio.Future[Any] | None" = None) -> None:
        self._count -= 1
        if self._count <= 0:
            for parked in self._parked:
                if not parked.done():
                    parked.set_result(None)
            self._parked.clear()

    def __await__(self) -> Generator[Any, None, None]:
        if self._count > 0:
            parked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._parked.append(parked)
            yield from parked.__await__()


async def _stop(futures: Sequence[asyncio.Future[Any]]) -> None:
    running = [future for future in futures if not future.done()]
    countdown = _Countdown(len(running))
    for future in running:
        future.add_done_callback(countdown.step)
        future.cancel()
    again = 0
    while any(not future.done() for future in running):
        try:
            await countdown
        except asyncio.CancelledError:
            again += 1
    for future in futures:
        if not future.cancelled():
            future.exception()
    if again:
        raise asyncio.CancelledError


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    countdown = _Countdown(len(futures))
    for future in futures:
        future.add_done_callback(countdown.step)
    try:
        await countdown
    finally:
        await _stop(futures)
    result: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        try:
            result.append(("ok", future.result()))
        except BaseException as exc:
            result.append(("err", exc))
    return result


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("no awaitables")
    decided = _Countdown(1)
    good: list[asyncio.Future[T]] = []
    failed: list[asyncio.Future[T]] = []

    def look(future: asyncio.Future[T]) -> None:
        if not future.cancelled() and future.exception() is None:
            good.append(future)
            decided.step()
        else:
            failed.append(future)
            if len(failed) == len(futures):
                decided.step()

    for future in futures:
        future.add_done_callback(look)
    try:
        await decided
    finally:
        await _stop(futures)
    if good:
        return good[0].result()
    errors: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            errors.append(exc)
    raise BaseExceptionGroup("every single one failed", errors)
