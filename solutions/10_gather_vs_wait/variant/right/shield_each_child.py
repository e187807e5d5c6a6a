"""One child after the other is awaited behind a shield of its own; a child that is done answers at once."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def _look_away(future: "asyncio.Future[T]") -> None:
    """Wait behind a shield; only a cancellation of whoever waits comes out."""
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        if future.cancelled():
            return
        raise
    except BaseException:
        return


async def _drain(futures: "list[asyncio.Future[T]]", told: int, stopped: bool) -> int:
    for future in futures:
        while not future.done():
            try:
                await _look_away(future)
            except asyncio.CancelledError:
                told += 1
                if told == 2 and not stopped:
                    stopped = True
                    for other in futures:
                        other.cancel()
        if not future.cancelled():
            future.exception()
    return told


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if await _drain(futures, 0, False):
        raise asyncio.CancelledError
    found: list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = []
    for future in futures:
        try:
            found.append(("ok", future.result()))
        except BaseException as exc:
            found.append(("err", exc))
    return found


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    ended: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for future in futures:
        future.add_done_callback(ended.put_nowait)
    failed = 0
    winner: asyncio.Future[T] | None = None
    try:
        for _ in futures:
            future = await ended.get()
            if future.cancelled():
                continue
            if future.exception() is None:
                winner = future
                break
            failed += 1
    except asyncio.CancelledError:
        await _drain(futures, 1, False)
        raise
    if winner is not None:
        for future in futures:
            future.cancel()
        if await _drain(futures, 0, True):
            raise asyncio.CancelledError
        return winner.result()
    if not failed:
        raise ValueError("nothing to try, or nothing that was not withdrawn")
    raise ExceptionGroup(
        "all failed", [e for f in futures if not f.cancelled() and isinstance(e := f.exception(), Exception)]
    )
