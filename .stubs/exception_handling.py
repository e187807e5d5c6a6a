"""Kata 05: exceptions in tasks.

Write the two functions below. Keep their names and signatures; add whatever helpers you like.
`on_failure(name, exception)` is a plain function that does not raise; it is called on the event loop's thread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def report_failure(task: asyncio.Task[Any], on_failure: Callable[[str, BaseException], None]) -> None:
    """Return at once; when the task fails, call `on_failure` once, with the task's name and its exception.

    A task has failed when an exception left its coroutine, of whatever kind. One that returns, or that is cancelled,
    has not. In no case does the event loop find anything to log: neither an exception that was "never retrieved",
    nor one in a callback.
    """
    raise NotImplementedError


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: Callable[[str, BaseException], None],
    *,
    retries: int = 0,
) -> dict[str, T]:
    """Run all services at the same time and return their results by name, in the order of the mapping.

    `await services[name]()` is one attempt of that service. When it raises, `on_failure(name, exception)` is called
    at that moment, for each failed attempt. A service has up to `retries` further attempts, each a new call of its
    function, while the others go on; it has failed for good when its last attempt fails.
    An attempt that ends by CancelledError, although nobody has cancelled `supervise`, has failed like any other.

    One failing service does not stop the others: the call ends when the last service has ended. If some have failed
    for good, it raises one ExceptionGroup with the last exception of each, in the order of the mapping; with a
    CancelledError among them it is a BaseExceptionGroup. Without any service the result is an empty dict.

    Cancelling `supervise` cancels the services that run, waits until they have cleaned up, and ends by CancelledError.
    From then on nothing is reported and nothing is tried again, and an exception that a service raises while it
    cleans up is dropped. No task is left behind, and no exception is logged as never retrieved.
    """
    raise NotImplementedError
