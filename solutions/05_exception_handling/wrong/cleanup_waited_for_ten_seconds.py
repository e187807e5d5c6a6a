"""A cancelled supervise gives the cleanup of its services ten seconds, and leaves it alone after that.

Fails: test_cancelling_supervise
Says: supervise was cancelled and ended 10 s later, while service a, whose
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task[Any], on_failure: OnFailure) -> None:
    def ended(task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (exc := task.exception()) is not None:
            on_failure(task.get_name(), exc)

    task.add_done_callback(ended)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    me = asyncio.current_task()
    assert me is not None
    earlier = me.cancelling()
    results: dict[str, T] = {}
    failed: dict[str, BaseException] = {}

    async def serve(name: str, service: Callable[[], Awaitable[T]]) -> None:
        for left in range(retries, -1, -1):
            try:
                results[name] = await service()
                return
            except BaseException as exc:
                if me.cancelling() > earlier:
                    return
                on_failure(name, exc)
                if left == 0:
                    failed[name] = exc

    tasks = [asyncio.create_task(serve(name, service)) for name, service in services.items()]
    try:
        while running := [task for task in tasks if not task.done()]:
            await asyncio.wait(running)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=10)
        raise
    if failed:
        raise BaseExceptionGroup("services failed", [failed[name] for name in services if name in failed])
    return {name: results[name] for name in services}
