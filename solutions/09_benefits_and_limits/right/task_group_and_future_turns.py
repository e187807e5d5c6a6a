"""A task group, turns made of a future and call_soon, and a detector built with asynccontextmanager."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def load_dashboard(api: Any, user_id: int) -> dict[str, Any]:
    board: dict[str, Any] = dict.fromkeys(("user", "orders", "messages", "recommendations"))

    async def put(key: str, thing: Awaitable[Any]) -> Any:
        board[key] = await thing
        return board[key]

    async def user_part() -> None:
        await put("recommendations", api.recommendations(await put("user", api.user(user_id))))

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(put("orders", api.orders(user_id)))
            group.create_task(put("messages", api.messages(user_id)))
            group.create_task(user_part())
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return board


def _batches(fn: Callable[[A], B], items: Iterable[A], batch: int, into: list[B]) -> Iterator[None]:
    for number, item in enumerate(items, 1):
        into.append(fn(item))
        if number % batch == 0:
            yield


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    results: list[B] = []
    loop = asyncio.get_running_loop()
    for _ in _batches(fn, items, batch, results):
        turn = loop.create_future()
        handle = loop.call_soon(lambda turn=turn: turn.done() or turn.set_result(None))
        try:
            await turn
        finally:
            handle.cancel()
    return results


class StallDetector(AbstractAsyncContextManager["StallDetector"]):
    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls: list[float] = []
        self._guard = self._watching(threshold, interval)

    @asynccontextmanager
    async def _watching(self, threshold: float, interval: float) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        due = loop.time() + interval

        def probe(rearm: bool = True) -> None:
            nonlocal due, handle
            late = loop.time() - due
            if late > threshold:
                self.stalls.append(late)
            if rearm:
                due = loop.time() + interval
                handle = loop.call_at(due, probe)

        handle = loop.call_at(due, probe)
        try:
            yield
        finally:
            handle.cancel()
            probe(rearm=False)

    async def __aenter__(self) -> "StallDetector":
        await self._guard.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> bool | None:
        return await self._guard.__aexit__(*exc)
