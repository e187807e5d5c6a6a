"""A scoreboard class counts ended children in done callbacks and sets an asyncio.Event when it is decided."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class _Scoreboard(Generic[T]):
    def __init__(self, aws: Iterable[Awaitable[T]], *, stop_at_success: bool) -> None:
        self.children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
        self._stop_at_success = stop_at_success
        self._open = len(self.children)
        self._decided = asyncio.Event()
        self._all_ended = asyncio.Event()
        self.winner: asyncio.Future[T] | None = None
        for child in self.children:
            child.add_done_callback(self._ended)
        if not self.children:
            self._decided.set()
            self._all_ended.set()

    def _ended(self, child: asyncio.Future[T]) -> None:
        self._open -= 1
        good = not child.cancelled() and child.exception() is None
        if good and self.winner is None:
            self.winner = child
        if good and self._stop_at_success:
            self._decided.set()
        if self._open == 0:
            self._decided.set()
            self._all_ended.set()

    async def run(self) -> None:
        interrupted = False
        try:
            await self._decided.wait()
        except asyncio.CancelledError:
            interrupted = True
        for child in self.children:
            child.cancel()
        while not self._all_ended.is_set():
            try:
                await self._all_ended.wait()
            except asyncio.CancelledError:
                interrupted = True
        if interrupted:
            raise asyncio.CancelledError

    def outcome(self, child: asyncio.Future[T]) -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
        if child.cancelled():
            return "err", asyncio.CancelledError("the child was cancelled")
        failure = child.exception()
        if failure is not None:
            return "err", failure
        return "ok", child.result()


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    scores = _Scoreboard(aws, stop_at_success=False)
    await scores.run()
    return [scores.outcome(child) for child in scores.children]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    scores = _Scoreboard(aws, stop_at_success=True)
    await scores.run()
    if scores.winner is not None:
        return scores.winner.result()
    failures: list[BaseException] = []
    for child in scores.children:
        outcome = scores.outcome(child)
        if outcome[0] == "err":
            failures.append(outcome[1])
    if not failures:
        raise ValueError("there was nothing to try")
    if any(not isinstance(failure, Exception) for failure in failures):
        raise BaseExceptionGroup("nothing succeeded", failures)
    raise ExceptionGroup("nothing succeeded", [f for f in failures if isinstance(f, Exception)])
