"""An async context manager owns the children: whatever leaves its body, it cancels and awaits them."""

import asyncio
from collections.abc import Awaitable, Iterable
from types import TracebackType
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class _Children(Generic[T]):
    def __init__(self, aws: Iterable[Awaitable[T]]) -> None:
        self._aws = list(aws)
        self.futures: list[asyncio.Future[T]] = []

    async def __aenter__(self) -> "_Children[T]":
        self.futures = [asyncio.ensure_future(aw) for aw in self._aws]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for future in self.futures:
            future.cancel()
        # The waiting is done by a task of its own that nobody cancels.
        burial = asyncio.create_task(self._buried())
        while not burial.done():
            try:
                await asyncio.shield(burial)
            except asyncio.CancelledError as exc:
                problem = exc
        if isinstance(problem, asyncio.CancelledError):
            raise problem

    async def _buried(self) -> None:
        await asyncio.gather(*self.futures, return_exceptions=True)


def _reason(future: "asyncio.Future[T]") -> BaseException | None:
    try:
        return future.exception()
    except asyncio.CancelledError as exc:
        return exc


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    async with _Children(aws) as children:
        if children.futures:
            await asyncio.wait(children.futures, return_when=asyncio.ALL_COMPLETED)
    pairs: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in children.futures:
        reason = _reason(future)
        pairs.append(("ok", future.result()) if reason is None else ("err", reason))
    return pairs


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    async with _Children(aws) as children:
        first: asyncio.Future[asyncio.Future[T] | None]
        first = asyncio.get_running_loop().create_future()
        losses = 0

        def ended(future: asyncio.Future[T]) -> None:
            nonlocal losses
            if _reason(future) is not None:
                losses += 1
                if losses < len(children.futures):
                    return
            if not first.done():
                first.set_result(future if _reason(future) is None else None)

        for future in children.futures:
            future.add_done_callback(ended)
        if not children.futures:
            raise ValueError("no awaitables given")
        winner = await first
    if winner is not None:
        return winner.result()
    reasons = [_reason(future) for future in children.futures]
    raise BaseExceptionGroup("no child succeeded", [r for r in reasons if r is not None])
