"""A TaskGroup holding the operation and a watchdog that cancels it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Outcome(Generic[T]):
    """What became of the operation: exactly one of the three is set."""

    value: list[T]
    error: BaseException | None = None
    too_slow: bool = False

    def unpack(self) -> T:
        if self.too_slow:
            raise TimeoutError("too slow")
        if self.error is not None:
            raise self.error
        return self.value[0]


async def _race(op: Callable[[], Awaitable[T]], seconds: float) -> _Outcome[T]:
    outcome: _Outcome[T] = _Outcome([])

    async def work() -> None:
        # Failures are carried out of the group by hand, a group would wrap them.
        try:
            outcome.value.append(await op())
        except asyncio.CancelledError as exc:
            outcome.error = exc
            raise
        except BaseException as exc:
            outcome.error = exc
        finally:
            watchdog.cancel()

    async def watch() -> None:
        await asyncio.sleep(seconds)
        outcome.too_slow = not worker.done()
        worker.cancel()

    async with asyncio.TaskGroup() as group:
        watchdog = group.create_task(watch())
        worker = group.create_task(work())
    return outcome


async def call_with_timeout(op: Callable[[], Awaitable[T]], seconds: float) -> T:
    return (await _race(op, seconds)).unpack()


async def retry(
    op: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    per_try: float,
    deadline: float,
    backoff: Callable[[int], float],
) -> T:
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    for n in range(1, attempts + 1):
        left = end - loop.time()
        outcome = await _race(op, min(left, per_try))
        if n == attempts or (outcome.too_slow and left <= per_try):
            return outcome.unpack()
        if not outcome.too_slow and not isinstance(outcome.error, OSError):
            return outcome.unpack()
        left = end - loop.time()
        if left < 0:
            break
        pause = backoff(n)
        (await _race(lambda: asyncio.sleep(pause), left)).unpack()
    raise TimeoutError("deadline")
