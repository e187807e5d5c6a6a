"""An awaitable that resumes the operation by hand, and so knows what it is waiting for.

What Task.cancel() does is no secret: it cancels the future the coroutine waits for, or, if there is none to cancel,
throws CancelledError at the next resumption. A limit does the same here, without a task of its own and without a
cancel() of the caller's task: so the caller's count of cancellation requests tells about others only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def _call(op: Callable[[], Awaitable[T]]) -> T:
    return await op()


class _Until(Generic[T]):
    """`await _Until(moment, op)`: like `await op()`, but cancelled at `moment`; then `struck` is true."""

    def __init__(self, moment: float, op: Callable[[], Awaitable[T]]) -> None:
        self.moment, self.op = moment, op
        self.struck = False
        self._waits_for: Any = None
        self._owes_cancel = False

    def _strike(self) -> None:
        if self._task.cancelling() > self._before:
            return  # somebody else was faster, and the operation is cleaning up
        self.struck = True
        if self._waits_for is None or not self._waits_for.cancel():
            self._owes_cancel = True

    def __await__(self) -> Generator[Any, Any, T]:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._before = task, task.cancelling()
        timer = asyncio.get_running_loop().call_at(self.moment, self._strike)
        coro = _call(self.op)
        resume: Callable[[Any], Any] = coro.send
        argument: Any = None
        try:
            while True:
                try:
                    self._waits_for = resume(argument)
                except StopIteration as end:
                    return end.value
                try:
                    resume, argument = coro.send, (yield self._waits_for)
                except BaseException as error:
                    resume, argument = coro.throw, error
                if self._owes_cancel:
                    self._owes_cancel = False
                    if resume == coro.send or isinstance(argument, Exception):
                        resume, argument = coro.throw, asyncio.CancelledError()
        finally:
            timer.cancel()
            self._waits_for = None
            coro.close()


def _requests() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    before = _requests()
    limited = _Until(asyncio.get_running_loop().time() + seconds, op)
    try:
        return await limited
    except asyncio.CancelledError as error:
        if limited.struck and _requests() == before:
            raise TimeoutError from error
        raise


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    loop, before = asyncio.get_running_loop(), _requests()
    end = loop.time() + deadline
    n = 0
    while True:
        n += 1
        single = loop.time() + per_try
        attempt = _Until(min(single, end), op)
        try:
            return await attempt
        except (asyncio.CancelledError, OSError) as error:
            if _requests() > before:
                raise asyncio.CancelledError from error
            if isinstance(error, asyncio.CancelledError) and not attempt.struck:
                raise
            if attempt.struck and (attempt.moment == end or loop.time() >= end):
                raise TimeoutError from error
            if n >= attempts:
                if isinstance(error, asyncio.CancelledError):
                    raise TimeoutError from error
                raise
        pause = backoff(n)
        resting = _Until(end, lambda: asyncio.sleep(pause))  # noqa: B023
        try:
            await resting
        except asyncio.CancelledError:
            if resting.struck and _requests() == before:
                raise TimeoutError from None
            raise
        if resting.struck or loop.time() >= end:
            raise TimeoutError
