"""A types.coroutine yields a function that is given the continuation; timers in a list kept sorted by bisect."""

import bisect
import selectors
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Resume = Callable[[], None]
Arrange = Callable[[Resume], None]


class HasFileno(Protocol):
    """A file object as selectors take it: a socket, for example."""

    def fileno(self) -> int:
        """Return the number of its file descriptor."""
        ...


@types.coroutine
def _call_cc(arrange: Arrange) -> Generator[Arrange, None, None]:
    """Suspend; the loop calls `arrange(resume)`, and whoever calls `resume()` makes this coroutine ready again."""
    yield arrange


class MiniLoop:
    """Knows only continuations: `self._ready` holds functions, and so do the timers and the selector's keys."""

    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock
        self._ready: deque[Resume] = deque()
        self._timers: list[tuple[float, Resume]] = []  # latest first, so that the next one is popped from the end
        self._open: list[Coroutine[Any, Any, Any]] = []

    # -- coroutines ---------------------------------------------------------------------------------------------

    def _start(self, coro: Coroutine[Any, Any, T], ended: Callable[[Callable[[], T]], None]) -> None:
        """Make `coro` ready; `ended` will be called with a function that returns its value or raises."""
        self._open.append(coro)

        def make_ready() -> None:
            self._ready.append(resume)

        def resume() -> None:
            try:
                arrange = coro.send(None)
            except StopIteration as stop:
                value: T = stop.value
                self._open.remove(coro)
                ended(lambda: value)
            except BaseException as error:
                self._open.remove(coro)
                failure = error

                def fail() -> T:
                    raise failure

                ended(fail)
                if not isinstance(error, Exception):
                    raise
            else:
                arrange(make_ready)

        make_ready()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Start main, and turn until its continuation has been given the result."""
        results: list[Callable[[], T]] = []
        self._start(main, results.append)
        try:
            while not results:
                self._turn(results)
        finally:
            while self._open:
                coro = self._open.pop()
                try:
                    coro.close()
                except Exception:
                    continue
        return results[0]()

    def spawn(self, coro: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """The handle is an object whose `__await__` waits at most once for the end."""
        result: list[Callable[[], T]] = []
        waiters: list[Resume] = []

        def ended(get: Callable[[], T]) -> None:
            result.append(get)
            for resume in waiters:
                resume()

        class Handle:
            def __await__(self) -> Generator[Any, None, T]:
                if not result:
                    yield waiters.append
                return result[0]()

        self._start(coro, ended)
        return Handle()

    async def sleep(self, seconds: float) -> None:
        """Give the continuation to a timer, or straight back."""
        if seconds <= 0:
            await _call_cc(lambda resume: resume())
            return
        deadline = self._clock() + seconds

        def arm(resume: Resume) -> None:
            # sorted by falling deadline; among equal ones the newest comes first, and is popped last
            place = bisect.bisect_left(self._timers, -deadline, key=lambda timer: -timer[0])
            self._timers.insert(place, (deadline, resume))

        await _call_cc(arm)

    async def readable(self, fileobj: HasFileno) -> None:
        """Give the continuation to the selector."""
        continuation: list[Resume] = []
        self._selector.register(fileobj, selectors.EVENT_READ, continuation)
        await _call_cc(continuation.append)

    # -- the loop -----------------------------------------------------------------------------------------------

    def _turn(self, results: list[Any]) -> None:
        timeout: float | None = None
        if self._ready:
            timeout = 0.0
        elif self._timers:
            timeout = max(0.0, self._timers[-1][0] - self._clock())
        for key, _ in self._selector.select(timeout):
            self._selector.unregister(key.fileobj)
            for resume in key.data:
                resume()
        now = self._clock()
        while self._timers and self._timers[-1][0] <= now:
            self._timers.pop()[1]()
        batch, self._ready = self._ready, deque()
        while batch and not results:
            batch.popleft()()
