"""Only the race is guarded: cancelled while the losers clean up, the call ends before they do.

Fails: test_cancelling_the_caller_cancels_the_children
Says: There was a winner, and while the losers cleaned up the caller was cancelled
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


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    tasks = [asyncio.ensure_future(aw) for aw in aws]
    try:
        if tasks:
            await asyncio.wait(tasks)
    except asyncio.CancelledError:
        await _stop(tasks)
        raise
    return [("ok", task.result()) if (error := _error(task)) is None else ("err", error) for task in tasks]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    tasks = [asyncio.ensure_future(aw) for aw in aws]
    if not tasks:
        raise ValueError("first_success() of nothing")
    finished: asyncio.Queue[asyncio.Future[T]] = asyncio.Queue()
    for task in tasks:
        task.add_done_callback(finished.put_nowait)
    winner = None
    try:
        for _ in tasks:
            task = await finished.get()
            if _error(task) is None:
                winner = task
                break
    except asyncio.CancelledError:
        await _stop(tasks)
        raise
    if winner is None:
        raise BaseExceptionGroup("no awaitable succeeded", [_error(task) for task in tasks])

    losers = [task for task in tasks if task is not winner]
    for task in losers:
        task.cancel()
    if losers:
        done, _ = await asyncio.wait(losers)
        for task in done:
            _error(task)
    return winner.result()
