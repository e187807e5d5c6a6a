"""A cancelled first_success goes on with its race, and the winner ends the others.

Fails: test_a_cancelled_caller_lets_the_children_finish
Says: 'c' succeeded at t=13, and work a was cancelled.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


async def drain(children: list[asyncio.Future[Any]], cancellations: int = 0, stopped: bool = False) -> int:
    while pending := [child for child in children if not child.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError:
            cancellations += 1
            if cancellations == 2 and not stopped:
                for child in pending:
                    child.cancel()
    for child in children:
        if not child.cancelled():
            child.exception()
    return cancellations


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if await drain(children):
        raise asyncio.CancelledError
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for child in children:
        try:
            found.append(("ok", child.result()))
        except BaseException as exc:
            found.append(("err", exc))
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    pending = set(children)
    winner: asyncio.Future[T] | None = None
    cancellations = 0
    while pending and winner is None and cancellations < 2:
        try:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            cancellations += 1
        else:
            winner = next((child for child in done if not child.cancelled() and child.exception() is None), None)
    if cancellations:
        for child in pending:
            child.cancel()
        await drain(children, 2)
        raise asyncio.CancelledError
    if winner is not None:
        for child in pending:
            child.cancel()
        if await drain(children, stopped=True):
            raise asyncio.CancelledError
        return winner.result()
    failures = [exc for child in children if not child.cancelled() and (exc := child.exception()) is not None]
    if not failures:
        raise ValueError("nobody is left")
    raise BaseExceptionGroup("all failed", failures)
