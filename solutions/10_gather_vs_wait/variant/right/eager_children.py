"""Coroutines are started eagerly on Python 3.12+ as ordinary tasks elsewhere; an itertools.count() counts."""

import asyncio
import inspect
import itertools
import sys
from collections.abc import Awaitable, Iterable, Iterator
from typing import Any, Literal, TypeVar

T = TypeVar("T")


def _start(aw: Awaitable[T]) -> "asyncio.Future[T]":
    if sys.version_info >= (3, 12) and inspect.iscoroutine(aw):
        return asyncio.eager_task_factory(asyncio.get_running_loop(), aw)
    return asyncio.ensure_future(aw)


def _running(futures: "Iterable[asyncio.Future[Any]]") -> "set[asyncio.Future[Any]]":
    return {future for future in futures if not future.done()}


async def _drain(futures: "list[asyncio.Future[Any]]", cancellations: Iterator[int], stop_at: int) -> None:
    """Wait until all have ended; the cancellation with the number `stop_at` is passed on to them."""
    while running := _running(futures):
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError:
            if next(cancellations) == stop_at:
                for future in running:
                    future.cancel()
    for future in futures:
        if not future.cancelled():
            future.exception()


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [_start(aw) for aw in aws]
    cancellations = itertools.count(1)
    await _drain(futures, cancellations, stop_at=2)
    if next(cancellations) > 1:
        raise asyncio.CancelledError
    settled: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        try:
            settled.append(("ok", future.result()))
        except BaseException as exc:
            settled.append(("err", exc))
    return settled


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = []
    order: list[asyncio.Future[T]] = []
    for aw in aws:
        futures.append(_start(aw))
        if futures[-1].done():
            order.append(futures[-1])
        else:
            futures[-1].add_done_callback(order.append)
    seen = 0
    while seen < len(futures):
        for future in order[seen:]:
            seen += 1
            if not future.cancelled() and future.exception() is None:
                for other in _running(futures):
                    other.cancel()
                cancellations = itertools.count(1)
                await _drain(futures, cancellations, stop_at=0)
                if next(cancellations) > 1:
                    raise asyncio.CancelledError
                return future.result()
        try:
            if running := _running(futures):
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            elif seen < len(futures):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            await _drain(futures, itertools.count(2), stop_at=2)
            raise
    failures = [error for future in futures if not future.cancelled() and (error := future.exception())]
    if not failures:
        raise ValueError("no contestants")
    raise BaseExceptionGroup("all contestants failed", failures)
