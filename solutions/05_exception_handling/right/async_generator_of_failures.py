"""Each service is an async generator of its failures, consumed under gather(); a contextmanager does the reporting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


def _report(on_failure: Callable[[str, BaseException], None], task: asyncio.Task[Any]) -> None:
    match None if task.cancelled() else task.exception():
        case None:
            pass
        case error:
            on_failure(task.get_name(), error)


def report_failure(task: asyncio.Task[Any], on_failure: Callable[[str, BaseException], None]) -> None:
    task.add_done_callback(partial(_report, on_failure))


class _Stopped(Exception):
    """The supervisor is being cancelled: nothing that happens now is a failure."""


@contextmanager
def _unless_stopped(owner: "asyncio.Task[Any]", requests: int) -> Iterator[None]:
    """Turns whatever leaves the block into _Stopped when the owner is being cancelled."""
    try:
        yield
    except (Exception, asyncio.CancelledError):
        if owner.cancelling() > requests:
            raise _Stopped from None
        raise
    if owner.cancelling() > requests:
        raise _Stopped


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: Callable[[str, BaseException], None],
    *,
    retries: int = 0,
) -> dict[str, T]:
    owner = asyncio.current_task()
    assert owner is not None
    guard = partial(_unless_stopped, owner, owner.cancelling())
    results: dict[str, T] = {}
    last_failure: dict[str, BaseException] = {}

    async def failures_of(name: str) -> AsyncIterator[BaseException]:
        for _ in range(retries + 1):
            try:
                with guard():  # on_failure may have cancelled the owner
                    pass
                with guard():
                    results[name] = await services[name]()
            except _Stopped:
                return
            except (Exception, asyncio.CancelledError) as error:
                failure = error
            else:
                return
            yield failure

    async def serve(name: str) -> None:
        async with aclosing(failures_of(name)) as failures:  # type: ignore[type-var]
            async for failure in failures:
                on_failure(name, failure)
                last_failure[name] = failure

    # With return_exceptions, a gather() that is cancelled ends only when all its children have ended.
    await asyncio.gather(*map(serve, services), return_exceptions=True)

    for name in results:
        last_failure.pop(name, None)
    if last_failure:
        raise BaseExceptionGroup("failed services", [last_failure[name] for name in services if name in last_failure])
    return {name: results[name] for name in services}
