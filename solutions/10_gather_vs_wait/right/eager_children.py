"""Coroutines are started eagerly on Python 3.12+ and as ordinary tasks elsewhere; what has ended needs no wait."""

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


def _start(aw: Awaitable[T]) -> "asyncio.Future[T]":
    if sys.version_info >= (3, 12) and inspect.iscoroutine(aw):
        return asyncio.Task(aw, loop=asyncio.get_running_loop(), eager_start=True)
    return asyncio.ensure_future(aw)


async def _wind_up(futures: "list[asyncio.Future[Any]]") -> None:
    unfinished = {future for future in futures if not future.done()}
    for future in unfinished:
        future.cancel()
    hit = False
    while unfinished:
        try:
            _, unfinished = await asyncio.wait(unfinished)
        except asyncio.CancelledError:
            hit = True
            unfinished = {future for future in unfinished if not future.done()}
    for future in futures:
        if not future.cancelled():
            future.exception()
    if hit:
        raise asyncio.CancelledError


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = []
    try:
        for aw in aws:
            futures.append(_start(aw))
        pending = {future for future in futures if not future.done()}
        if pending:
            await asyncio.wait(pending)
    finally:
        await _wind_up(futures)
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
    try:
        for aw in aws:
            future = _start(aw)
            futures.append(future)
            if future.done():
                order.append(future)
            else:
                future.add_done_callback(order.append)
        if not futures:
            raise ValueError("no contestants")
        looked_at = 0
        while looked_at < len(futures):
            for future in order[looked_at:]:
                looked_at += 1
                if not future.cancelled() and future.exception() is None:
                    return future.result()
            pending = [future for future in futures if not future.done()]
            if pending:
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            elif len(order) < len(futures):
                await asyncio.sleep(0)
    finally:
        await _wind_up(futures)
    failures: list[BaseException] = []
    for future in futures:
        try:
            future.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("all contestants failed", failures)
