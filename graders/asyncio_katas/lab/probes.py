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


class OnlyAwaitable(Generic[T]):
    """Something to await that is neither a coroutine nor a future; what it stands for begins when it is awaited."""

    def __init__(self, begin: Callable[[], Awaitable[T]]) -> None:
        self._begin = begin

    def __repr__(self) -> str:
        return "<an object with __await__>"

    def __await__(self) -> Generator[Any, Any, T]:
        return self._begin().__await__()


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
        # One attribute: whoever guards it guards everything, and pays for it once a run.
        self._record = _Record(lab, fn, name, label, cleanup)

    def __repr__(self) -> str:
        return f"<{self._record.name}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        """Return a coroutine under the name of the wrapped function, so that messages speak of that."""
        record = self._record
        run: Any = record.run(*args, **kwargs)
        run.__qualname__ = run.__name__ = record.name
        coroutine: Coroutine[Any, Any, T] = run
        return coroutine

    @property
    def __name__(self) -> str:
        """The name of the wrapped function."""
        return self._record.name

    @property
    def spans(self) -> list[Span]:
        """Its runs, in the order in which they began."""
        return self._record.spans

    @property
    def args(self) -> list[tuple[Any, ...]]:
        """The positional arguments of its runs, in the same order."""
        return self._record.args

    @property
    def peak(self) -> int:
        """How many runs were in flight at most."""
        return self._record.peak

    @property
    def peak_at(self) -> float:
        """When that was so for the first time, in loop seconds."""
        return self._record.peak_at

    @property
    def running(self) -> int:
        """How many runs are in flight now, those cleaning up included."""
        return self._record.running

    @property
    def started(self) -> int:
        """How many runs have begun so far."""
        return len(self._record.spans)

    def due(self, *moments: float) -> Mark | None:
        """Note in the timeline when each run was to begin, and mark the first that began at another moment."""
        spans = self.spans
        for span, moment in zip(spans, moments, strict=False):
            span.due = moment
        for span, moment in zip(spans, moments, strict=False):
            if span.start != moment:
                return Mark(span.start, "this one begins", moment)
        if len(spans) < len(moments):
            return Mark(moments[len(spans)], "one more was to begin")
        return Mark(spans[len(moments)].start, "one too many") if len(spans) > len(moments) else None

    def ended(self, how: str) -> list[Span]:
        """Return the runs that ended this way: returned, raised or cancelled."""
        return [span for span in self.spans if span.over and span.how == how]


class _Record:
    """What a probe wraps, and what it has seen of it."""

    def __init__(
        self,
        lab: Lab,
        fn: Callable[..., Awaitable[Any]],
        name: str,
        label: Callable[..., str] | None,
        cleanup: float | Callable[..., float],
    ) -> None:
        self.name = name
        self.spans: list[Span] = []
        self.args: list[tuple[Any, ...]] = []
        self.peak = 0
        self.peak_at = 0.0
        self.running = 0
        self._lab = lab
        self._fn = fn
        self._label = label
        self._cleanup = cleanup

    async def run(self, *args: Any, **kwargs: Any) -> Any:
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
            self.running -= 1

    def _begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span:
        span = self._lab.timeline.begin(self._text(args, kwargs), self._lab.now)
        self.spans.append(span)
        self.args.append(args)
        self.running += 1
        if self.running > self.peak:
            self.peak, self.peak_at = self.running, span.start
        return span

    def _text(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if self._label:
            try:
                label: Any = self._label(*args, **kwargs)
            except BaseException:  # noqa: BLE001 - wrong arguments are for the wrapped function to refuse
                return _label(self.name, args)
            return label if type(label) is str else show(label)
        return _label(self.name, args)


def _label(name: str, args: tuple[Any, ...]) -> str:
    return f"{name} {' '.join(a if type(a) is str else show(a) for a in args)}".strip()
