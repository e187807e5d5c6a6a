"""No coroutine of its own per service: futures, done-callbacks and one future that says that all is over."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def _ended(on_failure: OnFailure, task: asyncio.Task) -> None:
    exc = None if task.cancelled() else task.exception()
    if exc is not None:
        on_failure(task.get_name(), exc)


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    task.add_done_callback(partial(_ended, on_failure))


class _Crew:
    def __init__(
        self, services: Mapping[str, Callable[[], Awaitable[Any]]], on_failure: OnFailure, retries: int
    ) -> None:
        self.services = services
        self.on_failure = on_failure
        self.left = dict.fromkeys(services, retries)
        self.live: dict[str, asyncio.Future] = {}
        self.outcome: dict[str, tuple[Any, BaseException | None]] = {}
        self.task = asyncio.current_task()
        self.cancels = self.task.cancelling()
        self.over = asyncio.get_running_loop().create_future()

    def launch(self, name: str) -> None:
        future = self.live[name] = asyncio.ensure_future(self.services[name]())
        future.add_done_callback(lambda future: self.landed(name, future))

    def landed(self, name: str, future: asyncio.Future) -> None:
        del self.live[name]
        try:
            value, error = future.result(), None
        except BaseException as exc:
            value, error = None, exc
        if self.over.done() or self.task.cancelling() > self.cancels:
            return
        if error is not None:
            self.on_failure(name, error)
            if self.left[name]:
                self.left[name] -= 1
                self.launch(name)
                return
        self.outcome[name] = value, error
        if not self.live:
            self.over.set_result(None)

    async def run(self) -> None:
        for name in self.services:
            self.launch(name)
        if not self.live:
            return
        try:
            await self.over
        except asyncio.CancelledError:
            for future in list(self.live.values()):
                future.cancel()
            while self.live:
                try:
                    await asyncio.wait(list(self.live.values()))
                except asyncio.CancelledError:
                    continue
            raise


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    crew = _Crew(services, on_failure, retries)
    await crew.run()
    errors = [error for name in services if (error := crew.outcome[name][1]) is not None]
    if errors:
        raise BaseExceptionGroup("final failures", errors)
    return {name: crew.outcome[name][0] for name in services}
