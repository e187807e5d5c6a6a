"""A hand-written awaitable: `yield from` a fresh future until a count of callbacks is used up, in a plain generator."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, Generic, Literal, TypeVar

T = TypeVar("T")
State = Literal["running", "draining", "stopping"]


class _Latch(Generic[T]):
    """`await latch` ends when all children have, and raises CancelledError if it was ever thrown in."""

    def __init__(self, aws: Iterable[Awaitable[T]], on_end: Callable[["_Latch[T]", asyncio.Future[T]], None]) -> None:
        self.children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
        self.state: State = "running"
        self._left = len(self.children)
        self._on_end = on_end
        self._wake: asyncio.Future[None] | None = None
        for child in self.children:
            child.add_done_callback(self._ended)

    def _ended(self, child: asyncio.Future[T]) -> None:
        self._left -= 1
        if not child.cancelled():
            child.exception()
        if self.state == "running":
            self._on_end(self, child)
        if not self._left and self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def stop(self) -> None:
        if self.state != "stopping":
            self.state = "stopping"
            for child in self.children:
                child.cancel()

    def __await__(self) -> Generator[Any, None, None]:
        thrown: asyncio.CancelledError | None = None
        while self._left:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                yield from self._wake
            except asyncio.CancelledError as exc:
                if thrown is not None:
                    self.stop()
                elif self.state == "running":
                    self.state = "draining"
                thrown = exc
        if thrown is not None:
            raise thrown


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    latch = _Latch(aws, lambda latch, child: None)
    await latch
    result: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for child in latch.children:
        try:
            result.append(("ok", child.result()))
        except BaseException as exc:
            result.append(("err", exc))
    return result


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    winners: list[T] = []

    def judge(latch: _Latch[T], child: asyncio.Future[T]) -> None:
        if not child.cancelled() and child.exception() is None:
            winners.append(child.result())
            latch.stop()

    latch = _Latch(aws, judge)
    await latch
    for value in winners:
        return value
    failures: list[BaseException] = []
    for child in latch.children:
        if child.cancelled():
            continue
        failure = child.exception()
        if failure is not None:
            failures.append(failure)
    # A group of nobody cannot be made: that is a ValueError, as it should be.
    raise BaseExceptionGroup("every single one failed", failures)
