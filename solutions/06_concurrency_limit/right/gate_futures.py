"""One gate future per url: the first `limit` gates are open, each end opens the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def _pass_gates(urls: list[str], fetch: Callable[[str], Awaitable[T]], open_at_first: int) -> list[T]:
    loop = asyncio.get_running_loop()
    gates: list[asyncio.Future[None]] = [loop.create_future() for _ in urls]
    closed = iter(gates)
    broken: asyncio.Future[None] = loop.create_future()
    causes: list[BaseException] = []

    def open_next() -> None:
        gate = None if broken.done() else next(closed, None)
        if gate is not None:
            gate.set_result(None)

    async def one(gate: asyncio.Future[None], url: str) -> T:
        await gate
        try:
            result = await fetch(url)
        except BaseException as cause:
            causes.append(cause)
            if not broken.done():
                broken.set_result(None)
            raise
        open_next()
        return result

    for _ in range(min(open_at_first, len(gates))):
        open_next()
    tasks = [asyncio.create_task(one(gate, url)) for gate, url in zip(gates, urls)]
    everything = asyncio.gather(*tasks, return_exceptions=True)
    either: list[asyncio.Future[Any]] = [everything, broken]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not broken.done():
            broken.set_result(None)
        for task in tasks:
            task.cancel()
        await everything
    if causes:
        raise causes[0]
    return [task.result() for task in tasks]


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]]) -> list[T]:
    todo = list(urls)
    return await _pass_gates(todo, fetch, len(todo))


async def fetch_limited(urls: Iterable[str], fetch: Callable[[str], Awaitable[T]], *, limit: int) -> list[T]:
    if limit < 1:
        raise ValueError("limit < 1: no gate would ever open")
    return await _pass_gates(list(urls), fetch, limit)
