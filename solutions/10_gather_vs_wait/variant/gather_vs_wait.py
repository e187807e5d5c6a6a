"""Kata 10, reference of the other variant: one wait() loop that counts how often its caller was cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    """Run all awaitables at the same time and tell what became of each, in the order given."""
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await until_ended(children, lambda child: False)
    return [outcome_of(child) for child in children]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    """Run all awaitables at the same time and return the value of the first that succeeds."""
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    winner = await until_ended(children, lambda child: not child.cancelled() and child.exception() is None)
    if winner is not None:
        return winner.result()
    failures = [failure for child in children if not child.cancelled() and (failure := child.exception()) is not None]
    if not failures:
        raise ValueError("nobody took part, or everybody has withdrawn")
    raise BaseExceptionGroup("every awaitable failed", failures)


async def until_ended(
    children: list[asyncio.Future[T]], wins: Callable[[asyncio.Future[T]], bool]
) -> asyncio.Future[T] | None:
    """Wait until all have ended and return the first that wins, if any; the others are cancelled then."""
    winner: asyncio.Future[T] | None = None
    cancellations, told_to_stop = 0, False
    pending = set(children)
    while pending:
        try:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            cancellations += 1
            pending = {child for child in pending if not child.done()}
        else:
            if winner is None and not cancellations:
                winner = next(filter(wins, done), None)
        if not told_to_stop and (winner is not None or cancellations == 2):
            told_to_stop = True
            for child in pending:
                child.cancel()
    look_at(children)
    if cancellations:
        raise asyncio.CancelledError
    return winner


def look_at(children: list[asyncio.Future[Any]]) -> None:
    """Take note of every exception, so that asyncio has none to complain of."""
    for child in children:
        if not child.cancelled():
            child.exception()


def outcome_of(child: asyncio.Future[T]) -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
    """Return what became of a child that has ended."""
    try:
        return "ok", child.result()
    except BaseException as error:
        return "err", error
