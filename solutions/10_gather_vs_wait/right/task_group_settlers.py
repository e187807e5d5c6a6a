"""A TaskGroup of watchers that never fail: each settles one child and, in a race, stops the others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


class _Child(Generic[T]):
    def __init__(self, aw: Awaitable[T]) -> None:
        self.future: asyncio.Future[T] = asyncio.ensure_future(aw)
        self._told = False

    def stop(self) -> None:
        if not self._told:
            self._told = True
            self.future.cancel()

    async def ended(self) -> None:
        while not self.future.done():
            try:
                await asyncio.wait([self.future])
            except asyncio.CancelledError:
                self.stop()

    def failure(self) -> BaseException | None:
        try:
            self.future.result()
        except BaseException as exc:
            return exc
        return None


async def _settle(children: list[_Child[T]], settled: Callable[[_Child[T]], None]) -> None:
    async def watch(child: _Child[T]) -> None:
        await child.ended()
        settled(child)

    try:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(watch(child))
    finally:
        # A watcher cancelled before its first step never saw its child.
        orphans = [child for child in children if not child.future.done()]
        for child in orphans:
            child.stop()
        for child in orphans:
            await child.ended()
        for child in children:
            child.failure()


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    children = [_Child(aw) for aw in aws]
    await _settle(children, lambda child: None)
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for child in children:
        failure = child.failure()
        if failure is None:
            found.append(("ok", child.future.result()))
        else:
            found.append(("err", failure))
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    children = [_Child(aw) for aw in aws]
    if not children:
        raise ValueError("at least one awaitable is needed")
    winners: list[_Child[T]] = []

    def settled(child: _Child[T]) -> None:
        if child.failure() is None:
            winners.append(child)
            for other in children:
                if other is not child:
                    other.stop()

    await _settle(children, settled)
    if winners:
        return winners[0].future.result()
    failures = [child.failure() for child in children]
    raise BaseExceptionGroup("none succeeded", [e for e in failures if e is not None])
