"""An async generator hands out the moments until which a try may run; asyncio.timeout_at cuts."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

T = TypeVar("T")


async def _until(moment: float, op: Callable[[], Awaitable[T]]) -> T:
    async with asyncio.timeout_at(moment):
        return await op()


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    """asyncio.timeout_at, with the moment computed here."""
    return await _until(asyncio.get_running_loop().time() + seconds, op)


async def _limits(
    attempts: int, per_try: float, deadline: float, backoff: Callable[[int], float]
) -> AsyncGenerator[float, None]:
    """One limit for each try; asking for the next one lasts as long as the pause. TimeoutError at the deadline."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    for number in range(1, attempts + 1):
        yield min(loop.time() + per_try, end)
        if loop.time() >= end:
            raise TimeoutError("the deadline passed during a try")
        if number < attempts:
            pause = backoff(number)
            left = end - loop.time()
            await asyncio.sleep(min(pause, left))
            if pause >= left:
                raise TimeoutError("the deadline passed during a pause")


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    """Try once for each limit; the last failure leaves when there are no more."""
    failure: OSError | None = None  # TimeoutError is an OSError
    async with aclosing(_limits(attempts, per_try, deadline, backoff)) as limits:
        async for limit in limits:
            try:
                return await _until(limit, op)
            except OSError as error:
                failure = error
    assert failure is not None, "attempts must be at least 1"
    try:
        raise failure
    finally:
        del failure
