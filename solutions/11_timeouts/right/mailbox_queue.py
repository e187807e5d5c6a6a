"""One mailbox (asyncio.Queue) receives the news: task ended, try too long, deadline, pause over."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class _News(enum.Enum):
    ENDED = enum.auto()
    SLOW = enum.auto()
    DEADLINE = enum.auto()
    RESTED = enum.auto()


async def _run(op: Callable[[], Awaitable[T]]) -> T:
    return await op()


class _Desk:
    """The mailbox together with every timer that may still write to it."""

    def __init__(self) -> None:
        self.mail: asyncio.Queue[_News] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.timers: dict[_News, asyncio.TimerHandle] = {}

    def post_later(self, seconds: float, news: _News) -> None:
        self.timers[news] = self.loop.call_later(seconds, self.mail.put_nowait, news)

    def revoke(self, news: _News) -> None:
        self.timers.pop(news).cancel()

    def close(self) -> None:
        for timer in self.timers.values():
            timer.cancel()

    async def follow(self, task: asyncio.Task[T]) -> _News:
        """First news about the task; unless it ended by itself it is cancelled and its end awaited."""
        task.add_done_callback(lambda _: self.mail.put_nowait(_News.ENDED))
        error: asyncio.CancelledError | None = None
        first: _News | None = None
        ended = False
        while not ended:
            try:
                news = await self.mail.get()
            except asyncio.CancelledError as exc:
                error = exc
                task.cancel()
                continue
            ended = news is _News.ENDED
            if first is None:
                first = news
                if not ended:
                    task.cancel()
            elif news is _News.DEADLINE:
                first = news
        if not task.cancelled():
            task.exception()
        if error is not None:
            raise error
        assert first is not None
        return first


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    desk = _Desk()
    desk.post_later(seconds, _News.SLOW)
    try:
        task = asyncio.create_task(_run(op))
        if await desk.follow(task) is _News.ENDED:
            return task.result()
        raise TimeoutError
    finally:
        desk.close()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    desk = _Desk()
    desk.post_later(deadline, _News.DEADLINE)
    try:
        for n in range(1, attempts + 1):
            desk.post_later(per_try, _News.SLOW)
            task = asyncio.create_task(_run(op))
            news = await desk.follow(task)
            desk.revoke(_News.SLOW)
            if news is _News.DEADLINE:
                raise TimeoutError("deadline")
            if news is _News.ENDED:
                if task.cancelled() or not isinstance(task.exception(), OSError):
                    return task.result()
            if n == attempts:
                if news is _News.ENDED:
                    return task.result()
                raise TimeoutError("last try too slow")
            desk.post_later(backoff(n), _News.RESTED)
            while (news := await desk.mail.get()) is not _News.RESTED:
                if news is _News.DEADLINE:
                    raise TimeoutError("deadline")
        raise AssertionError("attempts must be at least 1")
    finally:
        desk.close()
