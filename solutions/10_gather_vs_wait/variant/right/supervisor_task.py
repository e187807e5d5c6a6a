"""A task of its own supervises the children and takes orders from a queue; the caller only hands on what happens."""

import asyncio
import enum
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


class _News(enum.Enum):
    CALLER_CANCELLED = enum.auto()


async def _supervise(
    children: list[asyncio.Future[Any]], news: "asyncio.Queue[_News | asyncio.Future[Any]]", race: bool
) -> tuple[bool, asyncio.Future[Any] | None]:
    left, cancelled, asked, winner = len(children), False, 0, None
    while left:
        item = await news.get()
        if isinstance(item, _News):
            asked += 1
        else:
            left -= 1
            good = not item.cancelled() and item.exception() is None
            if race and good and winner is None and not asked:
                winner = item
        if not cancelled and (winner is not None or asked == 2):
            cancelled = True
            for child in children:
                child.cancel()
    return bool(asked), winner


async def _run(children: list[asyncio.Future[Any]], race: bool) -> asyncio.Future[Any] | None:
    news: asyncio.Queue[_News | asyncio.Future[Any]] = asyncio.Queue()
    for child in children:
        child.add_done_callback(news.put_nowait)
    supervisor = asyncio.create_task(_supervise(children, news, race))
    while not supervisor.done():
        try:
            await asyncio.wait({supervisor})
        except asyncio.CancelledError:
            news.put_nowait(_News.CALLER_CANCELLED)
    was_cancelled, winner = supervisor.result()
    if was_cancelled:
        raise asyncio.CancelledError
    return winner


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await _run(children, False)
    told: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for child in children:
        try:
            told.append(("ok", child.result()))
        except BaseException as exc:
            told.append(("err", exc))
    return told


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    winner = await _run(children, True)
    if winner is not None:
        value: T = winner.result()
        return value
    reasons = [child.exception() for child in children if not child.cancelled()]
    if not reasons:
        raise ValueError("nobody ran to the end")
    raise BaseExceptionGroup("nobody succeeded", [reason for reason in reasons if reason is not None])
