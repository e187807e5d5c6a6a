"""An async generator yields one attempt after the other; the service task is a plain async-for over it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
OnFailure = Callable[[str, BaseException], None]


def report_failure(task: asyncio.Task, on_failure: OnFailure) -> None:
    def finished(task: asyncio.Task) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        on_failure(task.get_name(), error)

    task.add_done_callback(finished)


async def attempts(factory: Callable[[], Awaitable[T]], number: int) -> AsyncIterator[tuple[Any, BaseException | None]]:
    for _ in range(number):
        try:
            pair = (await factory(), None)
        except BaseException as exc:
            pair = (None, exc)
        yield pair


async def supervise(
    services: Mapping[str, Callable[[], Awaitable[T]]],
    on_failure: OnFailure,
    *,
    retries: int = 0,
) -> dict[str, T]:
    me = asyncio.current_task()
    cancels = me.cancelling()

    async def serve(name: str) -> tuple[Any, BaseException | None]:
        pair: tuple[Any, BaseException | None] = (None, None)
        async with contextlib.aclosing(attempts(services[name], retries + 1)) as tries:
            async for pair in tries:
                if pair[1] is None or me.cancelling() > cancels:
                    break
                on_failure(name, pair[1])
        return pair

    all_done = asyncio.gather(*map(serve, services), return_exceptions=True)
    try:
        await asyncio.wait([all_done])
    except asyncio.CancelledError:
        all_done.cancel()
        while not all_done.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([all_done])
        if not all_done.cancelled():
            all_done.exception()
        raise
    pairs = all_done.result()
    errors = [error for _, error in pairs if error is not None]
    if errors:
        raise BaseExceptionGroup("services failed", errors)
    return {name: value for name, (value, _) in zip(services, pairs)}
