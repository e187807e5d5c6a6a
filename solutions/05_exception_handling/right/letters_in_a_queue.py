"""The attempts write letters to a queue, the supervisor reads them and decides."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def look(task: asyncio.Task) -> None:
        match task.cancelled() or task.exception():
            case BaseException() as exc:
                on_failure(task.get_name(), exc)

    task.add_done_callback(look)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    letters: asyncio.Queue[tuple[str, Any, BaseException | None]] = asyncio.Queue()

    async def attempt(name: str) -> None:
        try:
            letter = (name, await services[name](), None)
        except BaseException as exc:
            letter = (name, None, exc)
        letters.put_nowait(letter)

    budget = dict.fromkeys(services, retries)
    tasks = {name: asyncio.create_task(attempt(name)) for name in services}
    final: dict[str, tuple[Any, BaseException | None]] = {}
    try:
        while len(final) < len(services):
            name, value, error = await letters.get()
            if error is None:
                final[name] = value, None
                continue
            on_failure(name, error)
            if budget[name] > 0:
                budget[name] -= 1
                tasks[name] = asyncio.create_task(attempt(name))
            else:
                final[name] = None, error
    finally:
        # only a cancelled supervise finds anything alive here
        alive = [task for task in tasks.values() if not task.done()]
        for task in alive:
            task.cancel()
        while alive:
            try:
                await asyncio.wait(alive)
            except asyncio.CancelledError:
                pass
            alive = [task for task in alive if not task.done()]
    errors = [final[name][1] for name in services if final[name][1] is not None]
    if errors:
        raise BaseExceptionGroup("services", errors)
    return {name: final[name][0] for name in services}
