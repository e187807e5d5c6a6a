"""One suspension for all: it takes a function that is called with a way to wake the caller."""

import heapq
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import ExitStack
from typing import Any

Wake = Callable[[], None]


class _Suspend:
    def __init__(self, arrange: Callable[[Wake], None]) -> None:
        self._arrange = arrange

    def __await__(self) -> Generator[Callable[[Wake], None], None, None]:
        yield self._arrange


class _Handle:
    def __init__(self) -> None:
        self.outcome: Callable[[], Any] | None = None
        self.wakes: list[Wake] = []

    def __await__(self) -> Generator[Callable[[Wake], None], None, Any]:
        while self.outcome is None:
            yield self.wakes.append
        return self.outcome()


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock
        self._queue: deque[Wake] = deque()
        self._alarms: list[tuple[float, int, Wake]] = []
        self._alarm_number = 0
        self._coros: list[Coroutine[Any, Any, Any]] = []

    def sleep(self, seconds: float) -> _Suspend:
        def arrange(wake: Wake) -> None:
            if seconds > 0:
                self._alarm_number += 1
                heapq.heappush(self._alarms, (self._clock() + seconds, self._alarm_number, wake))
            else:
                wake()

        return _Suspend(arrange)

    def readable(self, fileobj: Any) -> _Suspend:
        def arrange(wake: Wake) -> None:
            self._selector.register(fileobj, selectors.EVENT_READ, wake)

        return _Suspend(arrange)

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> _Handle:
        handle = _Handle()
        self._coros.append(coro)

        def finish(outcome: Callable[[], Any]) -> None:
            self._coros.remove(coro)
            handle.outcome = outcome
            for wake in handle.wakes:
                wake()
            handle.wakes.clear()

        def step() -> None:
            try:
                arrange = coro.send(None)
            except StopIteration as stop:
                value = stop.value
                finish(lambda: value)
            except Exception as exc:
                error = exc

                def fail() -> Any:
                    raise error

                finish(fail)
            else:
                arrange(wake)

        def wake() -> None:
            self._queue.append(step)

        wake()
        return handle

    def _close_all(self) -> None:
        while self._coros:
            self._coros.pop(0).close()

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        with ExitStack() as stack:
            stack.callback(self._close_all)
            handle = self.spawn(main)
            while handle.outcome is None:
                # one step, then a look at the world: nothing can starve
                self._look()
                if self._queue:
                    self._queue.popleft()()
        return handle.outcome()

    def _look(self) -> None:
        if self._queue:
            patience: float | None = 0
        elif self._alarms:
            patience = max(self._alarms[0][0] - self._clock(), 0)
        else:
            patience = None
        for key, _ in self._selector.select(patience):
            self._selector.unregister(key.fileobj)
            key.data()
        now = self._clock()
        while self._alarms and self._alarms[0][0] <= now:
            _, _, wake = heapq.heappop(self._alarms)
            wake()
