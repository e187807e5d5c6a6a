"""The report hangs on the loop's exception handler, which hears only of what is never retrieved.

Fails: test_a_failure_is_reported
Says: at t=2, and nothing was reported
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def handler(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context.get("future") is not None and context["future"].get_name() == name:
            on_failure(name, context["exception"])
        else:
            loop.default_exception_handler(context)

    name = task.get_name()
    task.get_loop().set_exception_handler(handler)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    me = asyncio.current_task()
    cancels = me.cancelling()
    stopping = False
    failed: dict[str, BaseException] = {}

    async def serve(name: str, factory: Callable[[], Awaitable[T]]) -> Any:
        for left in range(retries, -1, -1):
            try:
                return await factory()
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
    return {name: task.result() for name, task in tasks.items()}
