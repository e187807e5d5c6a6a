"""Each awaitable is awaited in a wrapper; cancelled before its first turn, that leaves the task it was given running.

Fails: test_cancelling_the_caller_cancels_the_children
Says: outcomes was given running tasks, and its caller was cancelled one turn after it had begun
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def _stop(tasks: list[asyncio.Future[T]]) -> None:
    """Cancel the tasks and wait until the last one has ended, also if we are cancelled meanwhile."""
    for task in tasks:
        task.cancel()
    cancelled = None
    while running := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(running)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        _error(task)  # looked at, so nobody logs it as never retrieved
    if cancelled is not None:
        raise cancelled


def _error(task: asyncio.Future[T]) -> BaseException | None:
    try:
        task.result()
    except BaseException as error:
        return error
    return None


async def _outcome(aw: Awaitable[T]) -> tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]:
    try:
        return "ok", await aw
    except (Exception, asyncio.CancelledError) as error:
        return "err", error


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    return await asyncio.gather(*[_outcome(aw) for aw in aws])


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    tasks = [asyncio.ensure_future(aw) for aw in aws]
    if not tasks:
        raise ValueError("no awaitables")
    finished: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for task in tasks:
        task.add_done_callback(finished.put_nowait)
    try:
        for _ in tasks:
            task = await finished.get()
            if _error(task) is None:
                return task.result()
        raise BaseExceptionGroup("nobody succeeded", [_error(task) for task in tasks])
    finally:
        await _stop(tasks)
