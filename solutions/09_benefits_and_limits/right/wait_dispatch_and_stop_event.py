"""An asyncio.wait dispatcher, an async generator of batches, and a probe task ended by an Event, not by cancel."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
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
    """Wait for whichever call ends next; the user's end starts one more."""
    running: dict[asyncio.Future[Any], str] = {
        asyncio.ensure_future(api.user(user_id)): "user",
        asyncio.ensure_future(api.orders(user_id)): "orders",
        asyncio.ensure_future(api.messages(user_id)): "messages",
    }
    board: dict[str, Any] = {}
    try:
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                key = running.pop(task)
                board[key] = task.result()
                if key == "user":
                    running[asyncio.ensure_future(api.recommendations(board["user"]))] = "recommendations"
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)
    return board


async def _batches(items: Iterable[A], size: int) -> AsyncGenerator[list[A], None]:
    """Give lists of `size` items; whoever asks for the next one lets the others have a turn first."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
        await asyncio.sleep(0)


async def fair_map(fn: Callable[[A], B], items: Iterable[A], *, batch: int) -> list[B]:
    """Map batch by batch."""
    results: list[B] = []
    async with aclosing(_batches(items, batch)) as chunks:
        async for chunk in chunks:
            for item in chunk:
                results.append(fn(item))
    return results


class StallDetector:
    """A task waits for `stop` with a timeout: each timeout is a probe."""

    stalls: list[float]

    def __init__(self, *, threshold: float, interval: float) -> None:
        self.stalls = []
        self._threshold = threshold
        self._interval = interval

    async def __aenter__(self) -> Self:
        self._due = asyncio.get_running_loop().time() + self._interval
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._probe(), name="stall detector")
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        interrupted: asyncio.CancelledError | None = None
        while not self._task.done():
            try:
                await asyncio.wait([self._task])
            except asyncio.CancelledError as again:  # it ends by itself in a turn or two: stay until then
                interrupted = again
        if interrupted is not None:
            raise interrupted

    def _check(self) -> None:
        late = asyncio.get_running_loop().time() - self._due
        if late < 0:
            return
        if late > self._threshold:
            self.stalls.append(late)
        self._due += (late // self._interval + 1) * self._interval

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            wait = self._due - loop.time()
            if wait > 0:
                try:
                    await asyncio.wait_for(self._stop.wait(), wait)
                except TimeoutError:
                    pass
            self._check()
