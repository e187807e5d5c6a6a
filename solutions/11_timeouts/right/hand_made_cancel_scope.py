"""A class-based cancel scope (call_at, task.cancel, task.uncancel); the operation runs in the caller's own task."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class _Limit:
    """A synchronous context manager: what its block awaits is cancelled at `moment`; then TimeoutError leaves."""

    def __init__(self, moment: float) -> None:
        self._moment = moment
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit needs a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = asyncio.get_running_loop().call_at(self._moment, self._expire)
        return self

    def _expire(self) -> None:
        if self._task.cancelling() > self._cancelling:
            return  # it is being cancelled from outside: leave its cleanup alone
        self.expired = True
        self._task.cancel()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self.expired:
            return
        if self._task.uncancel() > self._cancelling:
            return  # somebody else has cancelled the task as well: that goes on
        if exc_type is None or issubclass(exc_type, asyncio.CancelledError):
            raise TimeoutError from exc


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    """Await the operation inside a limit."""
    with _Limit(asyncio.get_running_loop().time() + seconds):
        return await op()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    """One limit for each try and each pause, never two around one another: a try's cleanup is cut by neither."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    cancelling = task.cancelling()
    end = loop.time() + deadline

    number = 0
    while True:
        number += 1
        moment = loop.time() + per_try
        limit = _Limit(min(moment, end))
        try:
            with limit:
                return await op()
        except (TimeoutError, OSError):
            if task.cancelling() > cancelling:
                raise asyncio.CancelledError from None
            if number >= attempts or (limit.expired and moment >= end):
                raise
        with _Limit(end):
            await asyncio.sleep(backoff(number))
        if loop.time() >= end:
            raise TimeoutError
