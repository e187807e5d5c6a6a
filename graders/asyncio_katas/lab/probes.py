"""What a check hands to the code under test: it records, and never raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from asyncio_katas.lab.messages import show
from asyncio_katas.lab.timeline import Mark, Span

if TYPE_CHECKING:
    from asyncio_katas.lab.lab import Lab

P = ParamSpec("P")
T = TypeVar("T")


class Gate:
    """A gate for coroutines, opened by the check: `await gate`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._open = False
        self._waiters: list[asyncio.Future[None]] = []

    def open(self) -> None:
        """Let everybody through, from now on."""
        self._open = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def __await__(self) -> Generator[Any, None, None]:
        if not self._open:
            waiter: asyncio.Future[None] = self._lab.loop.create_future()
            self._waiters.append(waiter)
            yield from waiter.__await__()


class Probe(Generic[P, T]):
    """An async collaborator that records each of its runs."""

    def __init__(
        self,
        lab: Lab,
        fn: Callable[P, Awaitable[T]],
        name: str,
        label: Callable[P, str] | None,
        cleanup: float | Callable[P, float],
    ) -> None:
        self.spans: list[Span] = []
        self.args: list[tuple[Any, ...]] = []
        self.peak = 0
        self.peak_at = 0.0
        self._lab = lab
        self._fn = fn
        self._name = name
        self._label = label
        self._cleanup = cleanup
        self._running = 0

    def __repr__(self) -> str:
        return f"<{self._name}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        """Return a coroutine under the name of the wrapped function, so that messages speak of that."""
        run: Any = self._run(*args, **kwargs)
        run.__qualname__ = run.__name__ = self._name
        coroutine: Coroutine[Any, Any, T] = run
        return coroutine

    async def _run(self, *args: P.args, **kwargs: P.kwargs) -> T:
        lab = self._lab
        span = self._begin(args, kwargs)
        try:
            value = await self._fn(*args, **kwargs)
        except asyncio.CancelledError:
            span.how, span.cleanup = "cancelled", lab.now
            span.cancels += 1
            try:
                seconds = self._cleanup(*args, **kwargs) if callable(self._cleanup) else self._cleanup
                if seconds:
                    await lab.pause(seconds)
            except asyncio.CancelledError:
                span.cancels += 1
            raise
        except BaseException:
            span.how = "raised"
            raise
        else:
            span.how = "returned"
            return value
        finally:
            span.end = lab.now
            self._running -= 1

    def _begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span:
        span = self._lab.timeline.begin(self._text(args, kwargs), self._lab.now)
        self.spans.append(span)
        self.args.append(args)
        self._running += 1
        if self._running > self.peak:
            self.peak, self.peak_at = self._running, span.start
        return span

    def _text(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if self._label:
            try:
                label: Any = self._label(*args, **kwargs)
            except BaseException:  # noqa: BLE001 - wrong arguments are for the wrapped function to refuse
                return _label(self._name, args)
            return label if type(label) is str else show(label)
        return _label(self._name, args)

    @property
    def running(self) -> int:
        """How many runs are in flight now, those cleaning up included."""
        return self._running

    @property
    def started(self) -> int:
        """How many runs have begun so far."""
        return len(self.spans)

    def due(self, *moments: float) -> Mark | None:
        """Note in the timeline when each run was to begin, and mark the first that began at another moment."""
        for span, moment in zip(self.spans, moments, strict=False):
            span.due = moment
        for span, moment in zip(self.spans, moments, strict=False):
            if span.start != moment:
                return Mark(span.start, "this one begins", moment)
        if len(self.spans) < len(moments):
            return Mark(moments[len(self.spans)], "one more was to begin")
        return Mark(self.spans[len(moments)].start, "one too many") if len(self.spans) > len(moments) else None

    def ended(self, how: str) -> list[Span]:
        """Return the runs that ended this way: returned, raised or cancelled."""
        return [span for span in self.spans if span.over and span.how == how]


def _label(name: str, args: tuple[Any, ...]) -> str:
    return f"{name} {' '.join(a if type(a) is str else show(a) for a in args)}".strip()
