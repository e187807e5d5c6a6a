"""A hand-written awaitable turns whatever it awaits into an outcome object; no service task ever raises."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


class Outcome:
    """`await Outcome(x)` gives itself back, with value or error."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.awaitable = awaitable
        self.value: Any = None
        self.error: BaseException | None = None

    def __await__(self) -> Generator[Any, None, "Outcome"]:
        try:
            self.value = yield from self.awaitable.__await__()
        except GeneratorExit:
            raise
        except BaseException as exc:
            self.error = exc
        return self


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def ended(task: asyncio.Task) -> None:
        if not task.cancelled() and (exc := task.exception()) is not None:
            on_failure(task.get_name(), exc)

    task.add_done_callback(ended)


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    caller = asyncio.current_task()
    level = caller.cancelling()

    async def last_outcome(name: str) -> Outcome:
        for _ in range(retries + 1):
            outcome = await Outcome(services[name]())
            if outcome.error is None or caller.cancelling() > level:
                break
            on_failure(name, outcome.error)
        return outcome

    ends: dict[str, Outcome] = {}
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(last_outcome(name)) for name in services}
    for name, task in tasks.items():
        ends[name] = task.result()
    errors = [end.error for end in ends.values() if end.error is not None]
    if errors:
        raise BaseExceptionGroup("services failed", errors)
    return {name: end.value for name, end in ends.items()}
