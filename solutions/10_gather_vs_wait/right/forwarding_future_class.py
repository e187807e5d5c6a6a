"""A Future subclass stands for each child and hands a cancellation down to it; gather waits for them."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


class _StandIn(asyncio.Future[None]):
    """A future that is done when the child is, and hands a cancellation down."""

    def __init__(self, child: asyncio.Future[T]) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self._child = child
        child.add_done_callback(self._child_ended)

    def _child_ended(self, child: asyncio.Future[T]) -> None:
        if not child.cancelled():
            child.exception()
        if not self.done():
            self.set_result(None)

    def cancel(self, msg: object = None) -> bool:
        return self._child.cancel()


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    # The outer future of gather forwards our own cancellation to each stand-in and
    # then ends cancelled, although no stand-in does.
    await asyncio.gather(*(_StandIn(child) for child in children), return_exceptions=True)
    told: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for child in children:
        try:
            told.append(("ok", child.result()))
        except BaseException as exc:
            told.append(("err", exc))
    return told


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not children:
        raise ValueError("no children")
    stand_ins = [_StandIn(child) for child in children]
    best: list[asyncio.Future[T]] = []

    def candidate(child: asyncio.Future[T]) -> None:
        if not child.cancelled() and child.exception() is None:
            if not best:
                for stand_in in stand_ins:
                    stand_in.cancel()
            best.append(child)

    for child in children:
        child.add_done_callback(candidate)
    await asyncio.gather(*stand_ins)
    if best:
        return best[0].result()
    failures: list[BaseException] = []
    for child in children:
        try:
            child.result()
        except BaseException as exc:
            failures.append(exc)
    raise BaseExceptionGroup("no child succeeded", failures)
