"""Only an Exception of main is kept until the others are closed; a KeyboardInterrupt leaves run past the closing.

Fails: test_run_ends_with_main
Says: main raised a KeyboardInterrupt, which is no Exception, and run left
"""

import heapq
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from itertools import count
from typing import Any


class _Task:
    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self.coro = coro
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None
        self.waiters: list["_Task"] = []

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done:
            yield ("join", self)
        if self.error is not None:
            raise self.error
        return self.value


class _Trap:
    def __init__(self, *request: Any) -> None:
        self.request = request

    def __await__(self) -> Generator[Any, Any, None]:
        yield self.request


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock
        self._ready: deque[_Task] = deque()
        self._timers: list[tuple[float, int, _Task]] = []
        self._sequence = count()
        self._alive: dict[_Task, None] = {}

    async def sleep(self, seconds: float) -> None:
        await _Trap("sleep", seconds)

    async def readable(self, fileobj: Any) -> None:
        await _Trap("read", fileobj)

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> _Task:
        task = _Task(coro)
        self._alive[task] = None
        self._ready.append(task)
        return task

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        root = self.spawn(main)
        while not root.done:
            self._poll()
            for _ in range(len(self._ready)):
                self._step(self._ready.popleft())
                if root.done:
                    break
        while self._alive:
            task, _ = self._alive.popitem()
            task.coro.close()
        if root.error is not None:
            raise root.error
        return root.value

    def _poll(self) -> None:
        if self._ready:
            timeout: float | None = 0
        elif self._timers:
            timeout = max(0, self._timers[0][0] - self._clock())
        else:
            timeout = None
        for key, _ in self._selector.select(timeout):
            self._selector.unregister(key.fileobj)
            self._ready.append(key.data)
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            self._ready.append(heapq.heappop(self._timers)[2])

    def _step(self, task: _Task) -> None:
        try:
            request = task.coro.send(None)
        except StopIteration as stop:
            self._finish(task, stop.value, None)
        except Exception as exc:
            self._finish(task, None, exc)
        else:
            match request:
                case ("sleep", seconds) if seconds <= 0:
                    self._ready.append(task)
                case ("sleep", seconds):
                    heapq.heappush(self._timers, (self._clock() + seconds, next(self._sequence), task))
                case ("read", fileobj):
                    self._selector.register(fileobj, selectors.EVENT_READ, task)
                case ("join", other):
                    other.waiters.append(task)

    def _finish(self, task: _Task, value: Any, error: Exception | None) -> None:
        task.done, task.value, task.error = True, value, error
        self._alive.pop(task, None)
        self._ready.extend(task.waiters)
        task.waiters.clear()
