"""The service tasks start eagerly where Python can (3.12+), in the order of the mapping."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def ended(task: asyncio.Task) -> None:
        if task.cancelled() or task.exception() is None:
            return
        on_failure(task.get_name(), task.exception())

    task.add_done_callback(ended)


def _start(coro: Any) -> asyncio.Task:
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(coro, loop=loop, eager_start=True)
    return asyncio.Task(coro, loop=loop)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    me = asyncio.current_task()
    base = me.cancelling()
    stop = asyncio.Event()
    ends: dict[str, tuple[bool, Any]] = dict.fromkeys(services, (False, None))

    async def serve(name: str) -> None:
        for _ in range(retries + 1):
            try:
                ends[name] = (True, await services[name]())
                break
            except BaseException as exc:
                if stop.is_set() or me.cancelling() > base:
                    break
                on_failure(name, exc)
                ends[name] = (False, exc)

    tasks = [_start(serve(name)) for name in services]
    try:
        for task in tasks:
            while not task.done():
                await asyncio.wait({task})
    except asyncio.CancelledError:
        stop.set()
        for task in tasks:
            task.cancel()
        for task in tasks:
            while not task.done():
                try:
                    await asyncio.wait({task})
                except asyncio.CancelledError:
                    pass
        raise
    errors = [end for good, end in ends.values() if not good]
    if errors:
        raise BaseExceptionGroup("services failed", errors)
    return {name: end for name, (_, end) in ends.items()}
