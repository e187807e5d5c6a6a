"""All waits are events with a list of coroutines; queue, timers and selector only fire events."""

import heapq
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Event:
    def __init__(self, order: tuple[float, int] = (0, 0)) -> None:
        self.order = order
        self.fired = False
        self.waiting: list[Coroutine[Any, Any, Any]] = []

    def __lt__(self, other: "Event") -> bool:
        return self.order < other.order

    def __await__(self) -> Generator["Event", None, None]:
        while not self.fired:
            yield self


class Handle:
    def __init__(self) -> None:
        self.event = Event()
        self.value: Any = None
        self.error: Exception | None = None

    def __await__(self) -> Generator[Event, None, Any]:
        yield from self.event.__await__()
        if self.error is not None:
            raise self.error
        return self.value


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock
        self._ready: deque[Coroutine[Any, Any, Any]] = deque()
        self._timers: list[Event] = []
        self._timer_count = 0
        self._handles: dict[Coroutine[Any, Any, Any], Handle] = {}

    def _fire(self, event: Event) -> None:
        event.fired = True
        self._ready.extend(event.waiting)

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._timer_count += 1
            event = Event((self._clock() + seconds, self._timer_count))
            heapq.heappush(self._timers, event)
        else:
            event = _AtOnce()
        await event

    async def readable(self, fileobj: Any) -> None:
        event = Event()
        self._selector.register(fileobj, selectors.EVENT_READ, event)
        await event

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> Handle:
        handle = self._handles[coro] = Handle()
        self._ready.append(coro)
        return handle

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        handle = self.spawn(main)
        try:
            while True:
                self._fire_events()
                for _ in range(len(self._ready)):
                    self._step(self._ready.popleft())
                    if handle.event.fired:
                        if handle.error is not None:
                            raise handle.error
                        return handle.value
        finally:
            for coro in list(self._handles):
                coro.close()
            self._handles.clear()

    def _step(self, coro: Coroutine[Any, Any, Any]) -> None:
        try:
            event = coro.send(None)
        except StopIteration as stop:
            handle = self._handles.pop(coro)
            handle.value = stop.value
            self._fire(handle.event)
        except Exception as exc:
            handle = self._handles.pop(coro)
            handle.error = exc
            self._fire(handle.event)
        else:
            event.waiting.append(coro)
            if isinstance(event, _AtOnce):
                self._fire(event)

    def _fire_events(self) -> None:
        timeout: float | None
        match self._ready, self._timers:
            case [_, *_], _:
                timeout = 0
            case _, [first, *_]:
                timeout = max(0, first.order[0] - self._clock())
            case _:
                timeout = None
        for key, _mask in self._selector.select(timeout):
            self._selector.unregister(key.fileobj)
            self._fire(key.data)
        now = self._clock()
        while self._timers and self._timers[0].order[0] <= now:
            self._fire(heapq.heappop(self._timers))


class _AtOnce(Event):
    """Fires as soon as somebody waits."""
