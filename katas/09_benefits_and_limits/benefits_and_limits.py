"""Kata 09: what asyncio is good at, and what it is bad at.

Write the two functions and the class below. Keep their names and signatures; add whatever helpers you like.
All times are seconds of the event loop's clock, `loop.time()`.
"""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Api(Protocol):
    """The service behind the dashboard; each call takes its time."""

    async def user(self, user_id: int) -> Any:
        """Return the user."""

    async def orders(self, user_id: int) -> Any:
        """Return the user's orders."""

    async def messages(self, user_id: int) -> Any:
        """Return the user's messages."""

    async def recommendations(self, user: Any) -> Any:
        """Return what to recommend to a user, given what `user()` returned."""


async def load_dashboard(api: Api, user_id: int) -> dict[str, Any]:
    """Return what the four calls of `api` give, under the keys user, orders, messages and recommendations.

    Each call is made once. User, orders and messages are independent of each other; the recommendations need the
    user and nothing else. The dashboard is there as early as these dependencies allow. No call fails.
    """
    raise NotImplementedError


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    """Call `fn(item)` for each item, on the event loop's thread, and return the results in the order of the items.

    After each `batch` (at least 1) calls every other task that is ready gets a turn; within a batch nobody does.
    This never waits: no loop time passes.

    The first exception of `fn` leaves as it is, and ends the work. A caller that is cancelled while the others have
    their turn ends as cancelled, and no further batch is begun.
    """
    raise NotImplementedError


class StallDetector:
    """Notices when something keeps the event loop from turning. To be used as an asynchronous context manager.

    It probes the loop every `interval` seconds, first `interval` seconds after entering the block. A probe that comes
    more than `threshold` seconds after the moment it was due has met a stall: how late it came is appended to
    `stalls`, when it comes. One stall makes one entry, however many probes were due meanwhile.

    It is armed from the first line of the block on. A stall that no other await in the block follows may go unseen.
    When the block is left, in whatever way, nothing of the detector is left running: no task, no timer. What the
    block raises leaves it as it is.
    """

    stalls: list[float]

    def __init__(self, *, threshold: float, interval: float) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        raise NotImplementedError
