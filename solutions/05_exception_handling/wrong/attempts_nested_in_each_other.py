"""Each further attempt is a call inside the one before, so the depth of the stack limits their number.

Fails: test_retries
Says: attempts supervise raised ExceptionGroup: services failed (1 sub-exception) with [RecursionError(
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

    async def serve(name: str, service: Callable[[], Awaitable[T]], left: int) -> None:
        try:
            results[name] = await service()
            return
        except BaseException as exc:
            if me.cancelling() > earlier:
                return
            on_failure(name, exc)
            if left == 0:
                failed[name] = exc
                return
        await serve(name, service, left - 1)

    tasks = [asyncio.create_task(serve(name, service, retries)) for name, service in services.items()]
    await asyncio.gather(*tasks, return_exceptions=True)
    for name, task in zip(services, tasks, strict=True):
        if (exc := task.exception()) is not None:
            failed[name] = exc
    if failed:
        raise BaseExceptionGroup("services failed", [failed[name] for name in services if name in failed])
    return {name: results[name] for name in services}
