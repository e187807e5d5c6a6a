"""A referee object: ended children report to it, loop.call_soon lets it judge once per turn."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class _Referee(Generic[T]):
    def __init__(self, aws: Iterable[Awaitable[T]]) -> None:
        self.futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
        self._loop = asyncio.get_running_loop()
        self._due: asyncio.Handle | None = None
        self._ended: list[asyncio.Future[T]] = []
        self._judged = 0
        self._called_off = False
        self.winner: asyncio.Future[T] | None = None
        self._verdict: asyncio.Future[None] = self._loop.create_future()

    def _report(self, future: asyncio.Future[T]) -> None:
        self._ended.append(future)
        if self._due is None:
            self._due = self._loop.call_soon(self._judge)

    def call_off(self) -> None:
        if not self._called_off:
            self._called_off = True
            for future in self.futures:
                future.cancel()

    def _judge(self) -> None:
        self._due = None
        while self._judged < len(self._ended):
            future = self._ended[self._judged]
            self._judged += 1
            won = not future.cancelled() and future.exception() is None
            if won and self.winner is None and self._is_over(future):
                self.winner = future
                self.call_off()
        if self._judged == len(self.futures) and not self._verdict.done():
            self._verdict.set_result(None)

    async def referee(self, is_over: Callable[["asyncio.Future[T]"], bool]) -> None:
        self._is_over = is_over
        for future in self.futures:
            future.add_done_callback(self._report)
        if not self.futures:
            self._verdict.set_result(None)
        cancelled: asyncio.CancelledError | None = None
        while not self._verdict.done():
            try:
                await asyncio.wait([self._verdict])
            except asyncio.CancelledError as exc:
                cancelled = exc
                self.call_off()
        if cancelled is not None:
            raise cancelled


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    match = _Referee(aws)
    await match.referee(lambda future: False)
    scores: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in match.futures:
        try:
            value = future.result()
        except BaseException as exc:
            scores.append(("err", exc))
        else:
            scores.append(("ok", value))
    return scores


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    match = _Referee(aws)
    if not match.futures:
        raise ValueError("a race needs somebody who runs")
    await match.referee(lambda future: True)
    if match.winner is not None:
        return match.winner.result()
    losses: list[BaseException] = []
    for future in match.futures:
        try:
            future.result()
        except BaseException as exc:
            losses.append(exc)
    raise BaseExceptionGroup("nobody won", losses)
