"""One TaskGroup watcher for each child; watchers never fail, and the winner's watcher dismisses the other watchers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def _running(aws: Iterable[Awaitable[T]]) -> AsyncIterator[list["asyncio.Future[T]"]]:
    """The awaitables as futures; none of them is left running when the block ends."""
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    try:
        yield futures
    finally:
        for future in futures:
            future.cancel()
        # gather() with return_exceptions ends when all have ended, also when it is cancelled itself
        await asyncio.gather(*futures, return_exceptions=True)


async def _watch(future: "asyncio.Future[Any]") -> None:
    """Wait without cancelling: asyncio.wait never raises what the future raises."""
    await asyncio.wait([future])


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    """The group ends when every watcher has seen its future end."""
    async with _running(aws) as futures:
        async with asyncio.TaskGroup() as group:
            for future in futures:
                group.create_task(_watch(future))
        told: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
        for future in futures:
            try:
                told.append(("ok", future.result()))
            except BaseException as failure:
                told.append(("err", failure))
        return told


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    """The group ends early if a watcher has seen a success."""
    async with _running(aws) as futures:
        if not futures:
            raise ValueError("first_success() of nothing")
        winners: list[asyncio.Future[T]] = []
        watchers: list[asyncio.Task[None]] = []

        async def watch_race(future: asyncio.Future[T]) -> None:
            await _watch(future)
            if not future.cancelled() and future.exception() is None:
                winners.append(future)
                for watcher in watchers:
                    if watcher is not asyncio.current_task():
                        watcher.cancel()

        async with asyncio.TaskGroup() as group:
            watchers += [group.create_task(watch_race(future)) for future in futures]
        if winners:
            return winners[0].result()
        failures: list[BaseException] = []
        for future in futures:
            try:
                future.result()
            except BaseException as failure:
                failures.append(failure)
        raise BaseExceptionGroup("all failed", failures)
