"""A board behind an asyncio.Condition on which reporter tasks write; the caller waits for a predicate."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class _Board(Generic[T]):
    def __init__(self, aws: Iterable[Awaitable[T]]) -> None:
        self._changed = asyncio.Condition()
        self.values: dict[int, T] = {}
        self.errors: dict[int, BaseException] = {}
        self._children: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
        self._reporters = [
            asyncio.create_task(self._report(index, child)) for index, child in enumerate(self._children)
        ]

    def __len__(self) -> int:
        return len(self._children)

    async def _report(self, index: int, child: asyncio.Future[T]) -> None:
        try:
            self.values[index] = await child
        except BaseException as exc:
            self.errors[index] = exc
        async with self._changed:
            self._changed.notify_all()

    async def wait_until(self, predicate: Callable[[], bool]) -> None:
        try:
            async with self._changed:
                await self._changed.wait_for(predicate)
        finally:
            for child in self._children:
                child.cancel()
            cut: asyncio.CancelledError | None = None
            alive: set[asyncio.Task[None]] = set(self._reporters)
            while alive:
                try:
                    await asyncio.wait(alive)
                except asyncio.CancelledError as exc:
                    cut = exc
                alive = {reporter for reporter in alive if not reporter.done()}
            if cut is not None:
                raise cut


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    board = _Board(aws)
    await board.wait_until(lambda: len(board.values) + len(board.errors) == len(board))
    result: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for index in range(len(board)):
        if index in board.values:
            result.append(("ok", board.values[index]))
        else:
            result.append(("err", board.errors[index]))
    return result


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    board = _Board(aws)
    if len(board) == 0:
        raise ValueError("no awaitable, no success")
    await board.wait_until(lambda: bool(board.values) or len(board.errors) == len(board))
    for value in board.values.values():  # in the order of arrival
        return value
    raise BaseExceptionGroup("no success", [board.errors[i] for i in range(len(board))])
