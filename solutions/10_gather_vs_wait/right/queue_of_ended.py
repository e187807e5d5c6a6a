"""Every future drops itself into an asyncio.Queue when it ends; the caller takes them out one by one."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def _abandon(futures: "list[asyncio.Future[T]]") -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    ended: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for future in futures:
        future.add_done_callback(ended.put_nowait)
    try:
        for _ in futures:
            await ended.get()
    except asyncio.CancelledError:
        await _abandon(futures)
        raise

    def outcome(
        future: asyncio.Future[T],
    ) -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
        try:
            return "ok", future.result()
        except BaseException as exc:
            return "err", exc

    return [outcome(future) for future in futures]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    ended: asyncio.Queue[int] = asyncio.Queue()

    def announce(index: int) -> None:
        futures[index].add_done_callback(lambda future: ended.put_nowait(index))

    for index in range(len(futures)):
        announce(index)
    failures: dict[int, BaseException] = {}
    try:
        while len(failures) < len(futures):
            index = await ended.get()
            try:
                return futures[index].result()
            except BaseException as exc:
                failures[index] = exc
    finally:
        await _abandon(futures)
    # Without any awaitable this is a ValueError: a group must not be empty.
    raise BaseExceptionGroup("all failed", [failures[index] for index in sorted(failures)])
