"""Futures and callbacks only: done callbacks, a call_soon chain of batches, a re-arming call_at probe."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
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


class _Board:
    """Collects the answers; `complete` is done when the fourth is in."""

    KEYS = frozenset({"user", "orders", "messages", "recommendations"})

    def __init__(self, api: Api) -> None:
        self._api = api
        self._answers: dict[str, Any] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self.complete: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def ask(self, key: str, call: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(call)
        self._tasks.add(task)
        task.add_done_callback(lambda task: self._answered(key, task))

    def _answered(self, key: str, task: "asyncio.Future[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or self.complete.done():
            self.complete.cancel()
        elif (failure := task.exception()) is not None:
            self.complete.set_exception(failure)
        else:
            self._answers[key] = task.result()
            if key == "user":
                self.ask("recommendations", self._api.recommendations(task.result()))
            if self._answers.keys() == self.KEYS:
                self.complete.set_result(self._answers)

    async def abandon(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))


async def load_dashboard(api: Api, user_id: int) -> dict[str, Any]:
    """Ask three questions; the fourth is asked by the answer to the first."""
    board = _Board(api)
    board.ask("user", api.user(user_id))
    board.ask("orders", api.orders(user_id))
    board.ask("messages", api.messages(user_id))
    try:
        return await board.complete
    finally:
        await board.abandon()


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    """Each batch is one callback of the loop, which puts the next one at the end of the ready queue."""
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()
    iterator = iter(items)
    results: list[B] = []

    def step() -> None:
        if finished.done():
            return
        try:
            for _ in range(batch):
                try:
                    item = next(iterator)
                except StopIteration:
                    finished.set_result(None)
                    return
                results.append(fn(item))
        except StopIteration as failure:  # a future does not take it, and neither would a coroutine let it out
            finished.set_exception(RuntimeError("fn raised StopIteration").with_traceback(failure.__traceback__))
        except BaseException as failure:
            finished.set_exception(failure)
        else:
            loop.call_soon(step)

    step()
    await finished
    return results


class StallDetector:
    """One timer that arms itself again; no task."""

    stalls: list[float]

    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls = []
        self._threshold = threshold
        self._interval = interval

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._entered = self._loop.time()
        self._arm(1)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._note()  # the probe may be due, and merely behind the body's task in the ready queue

    def _arm(self, number: int) -> None:
        self._due = self._entered + number * self._interval
        self._timer = self._loop.call_at(self._due, self._probe)

    def _note(self) -> None:
        late = self._loop.time() - self._due
        if late > self._threshold:
            self.stalls.append(late)

    def _probe(self) -> None:
        self._note()
        self._arm(int((self._loop.time() - self._entered) / self._interval) + 1)
