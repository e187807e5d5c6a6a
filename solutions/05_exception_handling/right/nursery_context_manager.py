"""A nursery written with asynccontextmanager: whatever is alive on leaving is cancelled and awaited."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def on_end(task: asyncio.Task) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            if (exc := task.exception()) is not None:
                on_failure(task.get_name(), exc)

    task.add_done_callback(on_end)


@contextlib.asynccontextmanager
async def nursery() -> AsyncIterator[list[asyncio.Task]]:
    children: list[asyncio.Task] = []
    try:
        yield children
    finally:
        for child in children:
            child.cancel()
        while any(not child.done() for child in children):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(children)
        for child in children:
            if not child.cancelled():
                child.exception()


class Service:
    def __init__(self, name: str, factory: Callable[[], Awaitable[Any]]) -> None:
        self.name = name
        self.factory = factory
        self.value: Any = None
        self.error: BaseException | None = None

    async def run(self, attempts: int, on_failure: OnFailure, stopping: Callable[[], bool]) -> None:
        while attempts:
            attempts -= 1
            self.error = None
            try:
                self.value = await self.factory()
                return
            except BaseException as exc:
                if stopping():
                    raise
                self.error = exc
                on_failure(self.name, exc)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    me = asyncio.current_task()
    cancels = me.cancelling()
    crew = [Service(name, factory) for name, factory in services.items()]
    async with nursery() as children:
        for service in crew:
            children.append(
                asyncio.create_task(service.run(retries + 1, on_failure, lambda: me.cancelling() > cancels))
            )
        for child in children:
            if not child.done():
                await asyncio.wait([child])
    if errors := [service.error for service in crew if service.error is not None]:
        raise BaseExceptionGroup("services failed", errors)
    return {service.name: service.value for service in crew}
