"""An async generator streams the indexes of ended children; its finally cancels and awaits the rest."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Iterable
from contextlib import aclosing
from typing import Literal, TypeVar

T = TypeVar("T")


async def _ended(futures: "list[asyncio.Future[T]]") -> AsyncGenerator[int, None]:
    loop = asyncio.get_running_loop()
    arrived: deque[int] = deque()
    bell: asyncio.Future[None] = loop.create_future()

    def listen(index: int) -> None:
        def ring(future: asyncio.Future[T]) -> None:
            arrived.append(index)
            if not bell.done():
                bell.set_result(None)

        futures[index].add_done_callback(ring)

    for index in range(len(futures)):
        listen(index)
    try:
        for _ in futures:
            while not arrived:
                bell = loop.create_future()
                await bell
            yield arrived.popleft()
    finally:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)


async def outcomes(
    aws: Iterable[Awaitable[T]],
) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    table: dict[int, tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]] = {}
    async with aclosing(_ended(futures)) as stream:
        async for index in stream:
            try:
                table[index] = ("ok", futures[index].result())
            except BaseException as exc:
                table[index] = ("err", exc)
    return [table[index] for index in range(len(futures))]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    futures: list[asyncio.Future[T]] = [asyncio.ensure_future(aw) for aw in aws]
    if not futures:
        raise ValueError("empty race")
    failures: dict[int, BaseException] = {}
    async with aclosing(_ended(futures)) as stream:
        async for index in stream:
            try:
                return futures[index].result()
            except BaseException as exc:
                failures[index] = exc
    raise BaseExceptionGroup("race without a winner", [failures[i] for i in sorted(failures)])
