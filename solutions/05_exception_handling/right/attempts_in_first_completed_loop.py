"""Every attempt is a task of its own; one loop over wait(FIRST_COMPLETED) reports, restarts and collects."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    task.add_done_callback(lambda t: t.cancelled() or t.exception() is None or on_failure(t.get_name(), t.exception()))


async def _attempt(factory: Callable[[], Awaitable[T]]) -> T:
    return await factory()


def _error(task: asyncio.Task) -> BaseException | None:
    try:
        task.result()
    except BaseException as exc:
        return exc
    return None


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    last: dict[str, asyncio.Task] = {}
    owner: dict[asyncio.Task, tuple[str, int]] = {}

    def launch(name: str, left: int) -> None:
        last[name] = task = asyncio.create_task(_attempt(services[name]), name=f"service {name}")
        owner[task] = name, left

    for name in services:
        launch(name, retries)
    try:
        while owner:
            await asyncio.wait(list(owner), return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in owner if task.done()]:
                name, left = owner.pop(task)
                exc = _error(task)
                if exc is not None:
                    on_failure(name, exc)
                    if left:
                        launch(name, left - 1)
    except asyncio.CancelledError:
        for task in owner:
            task.cancel()
        while not all(task.done() for task in owner):
            try:
                await asyncio.wait(list(owner))
            except asyncio.CancelledError:
                pass
        for task in owner:
            _error(task)  # looked at, so nothing is logged
        raise
    errors = [exc for task in last.values() if (exc := _error(task)) is not None]
    if errors:
        raise BaseExceptionGroup("some services failed for good", errors)
    return {name: last[name].result() for name in services}
