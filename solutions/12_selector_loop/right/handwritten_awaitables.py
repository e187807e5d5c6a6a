"""No generator anywhere: the awaitables are iterators that register themselves when first stepped."""

import bisect
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Wait:
    """First __next__: arrange the wake-up and suspend. Second one: finished."""

    def __init__(self, arrange: Callable[[Any], None]) -> None:
        self._arrange = arrange

    def __await__(self) -> "_WaitSteps":
        return _WaitSteps(self._arrange, None)


class _WaitSteps:
    def __init__(self, arrange: Callable[[Any], None] | None, result: Callable[[], Any] | None) -> None:
        self._arrange = arrange
        self._result = result

    def __iter__(self) -> "_WaitSteps":
        return self

    def __next__(self) -> Callable[[Any], None]:
        arrange, self._arrange = self._arrange, None
        if arrange is not None:
            return arrange
        raise StopIteration(self._result() if self._result is not None else None)


class _Child:
    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self.coro = coro
        self.over = False
        self.value: Any = None
        self.error: Exception | None = None
        self.waiting: list["_Child"] = []

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value

    def __await__(self) -> _WaitSteps:
        return _WaitSteps(None if self.over else self.waiting.append, self.result)


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock
        self._ready: list[_Child] = []
        self._sleepers: list[tuple[float, _Child]] = []
        self._children: set[_Child] = set()

    def sleep(self, seconds: float) -> _Wait:
        def arrange(child: _Child) -> None:
            if seconds <= 0:
                self._ready.append(child)
            else:
                entry = (self._clock() + seconds, child)
                bisect.insort_right(self._sleepers, entry, key=lambda pair: pair[0])

        return _Wait(arrange)

    def readable(self, fileobj: Any) -> _Wait:
        return _Wait(lambda child: self._selector.register(fileobj, selectors.EVENT_READ, child) and None)

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> _Child:
        child = _Child(coro)
        self._children.add(child)
        self._ready.append(child)
        return child

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        root = self.spawn(main)
        try:
            while not root.over:
                self._gather_due()
                self._advance(self._ready.pop(0)) if self._ready else None
        finally:
            while self._children:
                self._children.pop().coro.close()
        return root.result()

    def _gather_due(self) -> None:
        now = self._clock()
        if self._ready:
            timeout: float | None = 0
        else:
            timeout = max(0, self._sleepers[0][0] - now) if self._sleepers else None
        for key, _ in self._selector.select(timeout):
            self._selector.unregister(key.fileobj)
            self._ready.append(key.data)
        due = bisect.bisect_right(self._sleepers, self._clock(), key=lambda pair: pair[0])
        self._ready += [child for _, child in self._sleepers[:due]]
        del self._sleepers[:due]

    def _advance(self, child: _Child) -> None:
        try:
            arrange = child.coro.send(None)
        except StopIteration as stop:
            child.value = stop.value
        except Exception as exc:
            child.error = exc
        else:
            arrange(child)
            return
        child.over = True
        self._children.discard(child)
        self._ready += child.waiting
