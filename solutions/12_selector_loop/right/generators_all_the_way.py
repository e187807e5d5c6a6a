"""The life of every coroutine is a generator, and so is the order of turns.

A coroutine suspends by yielding a place: a callable that takes in its life, to give it back to the ready queue later.
"""

import heapq
import selectors
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from functools import partial
from itertools import count
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Life = Generator[None, Any, None]
Place = Callable[[Life], object]


class HasFileno(Protocol):
    def fileno(self) -> int: ...


class _Stay:
    """Something to await: stays at a place once."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __await__(self) -> Generator[Place, None, None]:
        yield self._place


class _Legacy:
    """What a life leaves behind: outcome is empty until then."""

    def __init__(self) -> None:
        self.outcome: list[tuple[Any, Exception | None]] = []
        self.heirs: list[Life] = []

    def __await__(self) -> Generator[Place, None, Any]:
        if not self.outcome:
            yield self.heirs.append
        ((value, error),) = self.outcome
        if error is not None:
            raise error
        return value


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector, self._clock = selector, clock
        self._ready: deque[Life] = deque()
        self._asleep: list[tuple[float, int, Life]] = []
        self._order = count()
        self._lives: dict[int, Life] = {}

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        legacy = self.spawn(main)
        try:
            for life in self._turns():
                next(life, None)
                if legacy.outcome:
                    break
        finally:
            self._end_all()
        ((value, error),) = legacy.outcome
        if error is not None:
            raise error
        return value

    def spawn(self, coro: Coroutine[Any, Any, T]) -> _Legacy:
        legacy = _Legacy()
        life = self._live(coro, legacy)
        next(life)  # from here on, closing the life closes the coroutine
        life.send(life)
        self._lives[id(life)] = life
        self._ready.append(life)
        return legacy

    def sleep(self, seconds: float) -> Awaitable[None]:
        if seconds == 0:
            return _Stay(self._ready.append)
        return _Stay(
            lambda life: heapq.heappush(self._asleep, (self._clock() + seconds, next(self._order), life)),
        )

    def readable(self, fileobj: HasFileno) -> Awaitable[None]:
        return _Stay(partial(self._selector.register, fileobj, selectors.EVENT_READ))

    def _live(self, coro: Coroutine[Any, Any, Any], legacy: _Legacy) -> Life:
        me: Life = yield
        resume = partial(coro.send, None)
        try:
            yield
            while True:
                try:
                    place = resume()
                except StopIteration as stop:
                    outcome = stop.value, None
                    break
                except Exception as problem:
                    outcome = None, problem
                    break
                try:
                    place(me)
                except Exception as problem:  # no place to stay: tell the coroutine
                    resume = partial(coro.throw, problem)
                else:
                    resume = partial(coro.send, None)
                    yield
            legacy.outcome.append(outcome)
            self._ready.extend(legacy.heirs)
            legacy.heirs.clear()
        finally:
            self._lives.pop(id(me), None)
            coro.close()

    def _turns(self) -> Iterator[Life]:
        while True:
            for key, _ in self._selector.select(self._patience()):
                self._selector.unregister(key.fileobj)
                self._ready.append(key.data)
            now = self._clock()
            while self._asleep and self._asleep[0][0] <= now:
                self._ready.append(heapq.heappop(self._asleep)[2])
            for _ in range(len(self._ready)):
                yield self._ready.popleft()

    def _patience(self) -> float | None:
        if self._ready:
            return 0
        return max(0, self._asleep[0][0] - self._clock()) if self._asleep else None

    def _end_all(self) -> None:
        try:
            while self._lives:
                _, life = self._lives.popitem()
                life.close()
        finally:
            if self._lives:
                self._end_all()
