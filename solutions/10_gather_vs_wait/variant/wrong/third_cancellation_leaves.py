"""The children's cleanup is awaited outside of any `try`: a third cancellation cuts that short.

Fails: test_a_second_cancellation_cancels_the_children
Says: the call ended at t=4.5 while work b, cancelled at t=3, was still cleaning up.
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
                await asyncio.wait(pending)
                raise
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
    try:
        while pending and winner is None:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            winner = next((child for child in done if not child.cancelled() and child.exception() is None), None)
    except asyncio.CancelledError:
        await drain(children, 1)
        raise
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
