"""Kata 10, reference: gather() for the outcomes, a wait() loop for the race."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

T = TypeVar("T")


async def outcomes(aws: Iterable[Awaitable[T]]) -> list[tuple[Literal["ok"], T] | tuple[Literal["err"], BaseException]]:
    """Run all awaitables at the same time and tell what became of each, in the order given."""
    results = await asyncio.gather(*aws, return_exceptions=True)
    return [("err", result) if isinstance(result, BaseException) else ("ok", result) for result in results]


async def first_success(aws: Iterable[Awaitable[T]]) -> T:
    """Run all awaitables at the same time and return the value of the first that succeeds."""
    tasks = [asyncio.ensure_future(aw) for aw in aws]
    if not tasks:
        raise ValueError("first_success needs at least one awaitable")
    pending = set(tasks)
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if not task.cancelled() and task.exception() is None:
                    return task.result()
    finally:
        for task in pending:
            task.cancel()
        # Waits for the losers, and looks at the failures nobody has looked at.
        await asyncio.gather(*tasks, return_exceptions=True)
    failures = [await failure_of(task) for task in tasks]
    raise BaseExceptionGroup("every awaitable failed", failures)


async def failure_of(task: asyncio.Future[T]) -> BaseException:
    """Return the exception a finished task failed with, CancelledError included."""
    try:
        await task
    except BaseException as failure:
        return failure
    raise AssertionError("this task has not failed")
