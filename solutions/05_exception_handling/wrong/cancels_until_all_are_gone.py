"""A cancelled supervise cancels the services again and again until all are gone, and so interrupts their cleanup.

Fails: test_cancelling_supervise
Says: the second one interrupted its cleanup
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")


def report_failure(task: asyncio.Task[Any], on_failure: Callable[[str, BaseException], None]) -> None:
    """Call `on_failure` with the task's name and its exception when it fails."""

    def look(task: asyncio.Task[Any]) -> None:
        # A cancelled task raises CancelledError when it is asked for its exception.
        if not task.cancelled() and (error := task.exception()) is not None:
            on_failure(task.get_name(), error)

    task.add_done_callback(look)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: Callable[[str, BaseException], None],
    *,
    retries: int = 0,
) -> dict[str, T]:
    """Run all services at the same time and return their results by name, in the order of the mapping."""
    caller = asyncio.current_task()
    assert caller is not None
    earlier = caller.cancelling()
    failures: dict[str, BaseException] = {}

    async def serve(name: str, service: Callable[[], Awaitable[T]]) -> T | None:
        for left in range(retries, -1, -1):
            try:
                return await service()
            # Not every BaseException: KeyboardInterrupt is meant for the whole program.
            except (Exception, asyncio.CancelledError) as error:
                # The caller is cancelled before its services are, so this tells whose CancelledError it is.
                if caller.cancelling() > earlier:
                    break
                on_failure(name, error)
                if left == 0:
                    failures[name] = error
        return None

    # No task in this group ever raises; what is left of it is that all are waited for, and cancelled with the caller.
    tasks = {name: asyncio.create_task(serve(name, service)) for name, service in services.items()}
    try:
        while running := [task for task in tasks.values() if not task.done()]:
            await asyncio.wait(running)
    except asyncio.CancelledError:
        while running := [task for task in tasks.values() if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        raise
    if failures:
        # In the order of the mapping; it becomes an ExceptionGroup by itself if all of them are Exceptions.
        raise BaseExceptionGroup("services failed", [failures[name] for name in services if name in failures])
    return {name: cast(T, task.result()) for name, task in tasks.items()}
