"""A user that is false is taken for none, for whom there is nothing to recommend.

Fails: test_dashboard_is_complete
Says: api.user() returned {}, and then api.recommendations() was never called.
"""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Api(Protocol):
    """The service behind the dashboard; each call takes its time."""

    async def user(self, user_id: int) -> Any: ...

    async def orders(self, user_id: int) -> Any: ...

    async def messages(self, user_id: int) -> Any: ...

    async def recommendations(self, user: Any) -> Any: ...


async def load_dashboard(api: Api, user_id: int) -> dict[str, Any]:
    """Return what the four calls of `api` give, under the keys user, orders, messages and recommendations."""
    async with asyncio.TaskGroup() as group:
        orders = group.create_task(api.orders(user_id))
        messages = group.create_task(api.messages(user_id))
        # The one branch with two steps: its second step waits for its first, and for nobody else.
        user = await api.user(user_id)
        recommendations = await api.recommendations(user) if user else []
    return {
        "user": user,
        "orders": orders.result(),
        "messages": messages.result(),
        "recommendations": recommendations,
    }


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    """Call `fn(item)` for each item, on the event loop's thread, and return the results in the order of the items."""
    results = []
    for number, item in enumerate(items, start=1):
        results.append(fn(item))
        if number % batch == 0:
            await asyncio.sleep(0)  # sets no timer: it only goes to the end of the queue
    return results


class StallDetector:
    """Notices when something keeps the event loop from turning."""

    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls: list[float] = []
        self._threshold = threshold
        self._interval = interval

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        # A timer is armed now; a task would begin to count only when it gets its first turn.
        self._timer = self._set_timer()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def _set_timer(self) -> asyncio.TimerHandle:
        return self._loop.call_later(self._interval, self._probe)

    def _probe(self) -> None:
        late = self._loop.time() - self._timer.when()
        if late > self._threshold:
            self.stalls.append(late)
        # Counted from now, so that the probes missed meanwhile do not report the same stall again.
        self._timer = self._set_timer()
