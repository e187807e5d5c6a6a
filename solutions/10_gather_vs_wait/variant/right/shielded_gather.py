"""gather() behind a shield does the waiting; whoever awaits the shield counts how often it was cancelled."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Literal, TypeVar

T = TypeVar("T")


def _stop(futures: "list[asyncio.Future[T]]") -> None:
    for future in futures:
        future.cancel()


class _Drain:
    """All children behind one shield."""

    def __init__(self, futures: list[asyncio.Future[Any]]) -> None:
        self.futures = futures
        self.together = asyncio.gather(*futures, return_exceptions=True)
        self.cancellations = 0
        self.stopped = False

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            _stop(self.futures)

    async def wait(self) -> None:
        while not self.together.done():
            try:
                await asyncio.shield(self.together)
            except asyncio.CancelledError:
                self.cancellations += 1
                if self.cancellations > 1:
                    self.stop()
        if self.cancellations:
            raise asyncio.CancelledError


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    await _Drain(futures).wait()
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        try:
            found.append(("ok", future.result()))
        except BaseException as exc:
            found.append(("err", exc))
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    drain = _Drain(futures)
    winners: list[T] = []

    def look(future: asyncio.Future[T]) -> None:
        if not future.cancelled() and future.exception() is None and not drain.cancellations:
            winners.append(future.result())
            drain.stop()

    for future in futures:
        future.add_done_callback(look)
    await drain.wait()
    if winners:
        return winners[0]
    failures: list[BaseException] = []
    for future in futures:
        failure = None if future.cancelled() else future.exception()
        if failure is not None:
            failures.append(failure)
    if failures:
        raise BaseExceptionGroup("no success", failures)
    raise ValueError("nobody is left who could succeed")
