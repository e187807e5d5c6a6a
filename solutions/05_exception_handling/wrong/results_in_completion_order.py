"""The results are put into the dict when they arrive, so the fastest service comes first.

Fails: test_results_in_the_order_of_the_mapping
Says: their results came as a, c, b, d
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def ended(task: asyncio.Task) -> None:
        if task.cancelled():
            return
        exc = task.exception()
        if exc is not None:
            on_failure(task.get_name(), exc)

    task.add_done_callback(ended)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    me = asyncio.current_task()
    cancels = me.cancelling()
    stopping = False
    results: dict[str, T] = {}
    failed: dict[str, BaseException] = {}

    async def serve(name: str, factory: Callable[[], Awaitable[T]]) -> Any:
        for left in range(retries, -1, -1):
            try:
                results[name] = await factory()
                return
            except BaseException as exc:
                if stopping or me.cancelling() > cancels:
                    return None
                on_failure(name, exc)
                if left == 0:
                    failed[name] = exc

    tasks = {name: asyncio.create_task(serve(name, factory)) for name, factory in services.items()}
    try:
        while running := [task for task in tasks.values() if not task.done()]:
            await asyncio.wait(running)
    except asyncio.CancelledError:
        stopping = True
        for task in tasks.values():
            task.cancel()
        while running := [task for task in tasks.values() if not task.done()]:
            try:
                await asyncio.wait(running)
            except asyncio.CancelledError:
                pass
        raise
    if failed:
        raise BaseExceptionGroup("services failed", [failed[name] for name in services if name in failed])
    return results
