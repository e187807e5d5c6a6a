"""cancelling() is not compared with what it was at the start, so a task cancelled earlier has no failures.

Fails: test_an_own_cancellation_is_a_failure
Says: A task was cancelled, and called supervise in its `except` for that. One
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
    results: dict[str, T] = {}
    failed: dict[str, BaseException] = {}

    async def serve(name: str, service: Callable[[], Awaitable[T]]) -> None:
        for left in range(retries, -1, -1):
            try:
                results[name] = await service()
                return
            except BaseException as exc:
                if me.cancelling():
                    return
                on_failure(name, exc)
                if left == 0:
                    failed[name] = exc

    tasks = [asyncio.create_task(serve(name, service)) for name, service in services.items()]
    await asyncio.gather(*tasks)
    if failed:
        raise BaseExceptionGroup("services failed", [failed[name] for name in services if name in failed])
    return {name: results[name] for name in services}
