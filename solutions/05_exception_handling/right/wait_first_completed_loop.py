"""The call of supervise itself is the only one that reports and retries, in an asyncio.wait(FIRST_COMPLETED) loop."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


def report_failure(task: asyncio.Task[Any], on_failure: Callable[[str, BaseException], None]) -> None:
    # The future of gather() lives as long as the task, takes every outcome as a value, and needs no task of its own.
    outcome = asyncio.gather(task, return_exceptions=True)

    def judge(_: "asyncio.Future[Any]") -> None:
        if outcome.cancelled() or task.cancelled():
            return
        if (error := task.exception()) is not None:
            on_failure(task.get_name(), error)

    outcome.add_done_callback(judge)


@dataclass
class _Service:
    name: str
    factory: Callable[[], Awaitable[Any]]
    attempts_left: int
    result: Any = None
    failure: BaseException | None = None
    task: "asyncio.Task[Any] | None" = field(default=None, repr=False)

    async def _once(self) -> Any:
        return await self.factory()

    def launch(self) -> "asyncio.Task[Any]":
        self.attempts_left -= 1
        self.task = asyncio.create_task(self._once(), name=self.name)
        return self.task

    def take(self) -> BaseException | None:
        assert self.task is not None
        try:
            self.result = self.task.result()
        except (Exception, asyncio.CancelledError) as error:
            return error
        return None


async def _bury(tasks: "set[asyncio.Task[Any]]") -> None:
    for task in tasks:
        task.cancel()
    while alive := {task for task in tasks if not task.done()}:
        try:
            await asyncio.wait(alive)
        except asyncio.CancelledError:
            pass  # the caller raises a CancelledError anyway, when the last one has ended
    for task in tasks:
        if not task.cancelled():
            task.exception()


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: Callable[[str, BaseException], None],
    *,
    retries: int = 0,
) -> dict[str, T]:
    records = [_Service(name, factory, retries + 1) for name, factory in services.items()]
    running = {record.launch() for record in records}
    try:
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for record in records:
                if record.task not in done:
                    continue
                running.discard(record.task)
                error = record.take()
                if error is None:
                    continue
                on_failure(record.name, error)
                await asyncio.sleep(0)  # should on_failure have cancelled this task, it ends here
                if record.attempts_left:
                    running.add(record.launch())
                else:
                    record.failure = error
    except asyncio.CancelledError:
        await _bury(running)
        raise
    failures = [record.failure for record in records if record.failure is not None]
    if failures:
        raise BaseExceptionGroup("services that failed for good", failures)
    return {record.name: record.result for record in records}
