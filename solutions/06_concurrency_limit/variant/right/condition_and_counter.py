"""A Condition around a hand-kept number of requests in flight; the flag that ends the call is looked at with it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    return await asyncio.gather(*(fetch(url) for url in urls))


async def fetch_limited(
    urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int
) -> list[T | Exception]:
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    room = asyncio.Condition()
    in_flight = 0
    over = False

    async def one(url: str) -> T | Exception | None:
        nonlocal in_flight
        async with room:
            await room.wait_for(lambda: in_flight < limit)
            if over:
                return None
            in_flight += 1
        try:
            return await fetch(url)
        except Exception as failure:
            return failure
        finally:
            in_flight -= 1
            async with room:
                room.notify()

    tasks = [asyncio.create_task(one(url)) for url in urls]
    try:
        for task in tasks:
            await asyncio.wait([task])
    except asyncio.CancelledError:
        over = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [task.result() for task in tasks]
