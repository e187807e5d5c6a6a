"""A TaskGroup whose children never raise: every child writes its outcome into a table."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


class _Reporter:
    def __init__(self, on_failure: OnFailure) -> None:
        self.on_failure = on_failure

    def __call__(self, task: asyncio.Task) -> None:
        try:
            task.result()
        except asyncio.CancelledError:
            pass
        except BaseException as exc:
            self.on_failure(task.get_name(), exc)


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    task.add_done_callback(_Reporter(on_failure))


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    parent = asyncio.current_task()
    requests = parent.cancelling()
    results: dict[str, T] = {}
    errors: dict[str, BaseException] = {}

    async def keep_up(name: str) -> None:
        for _ in range(1 + retries):
            try:
                results[name] = await services[name]()
            except BaseException as exc:
                if parent.cancelling() > requests:
                    return  # an error of the cleanup must not turn into a group
                errors[name] = exc
                on_failure(name, exc)
            else:
                errors.pop(name, None)
                return

    async with asyncio.TaskGroup() as group:
        for name in services:
            group.create_task(keep_up(name))
    if errors:
        raise BaseExceptionGroup("supervise", [errors[name] for name in services if name in errors])
    return {name: results[name] for name in services}
