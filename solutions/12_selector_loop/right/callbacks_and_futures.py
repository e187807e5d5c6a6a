"""In layers, like asyncio: what suspends is a future, the ready queue holds callables, the heap too."""

import heapq
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Future:
    def __init__(self, loop: "MiniLoop") -> None:
        self._loop = loop
        self._state: tuple[Any, BaseException | None] | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def done(self) -> bool:
        return self._state is not None

    def settle(self, value: Any = None, error: BaseException | None = None) -> None:
        self._state = (value, error)
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._loop.call_soon(callback)

    def on_done(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def result(self) -> Any:
        assert self._state is not None
        value, error = self._state
        if error is not None:
            raise error
        return value

    def __await__(self) -> Generator["Future", None, Any]:
        if not self.done:
            yield self
        return self.result()


class Task(Future):
    def __init__(self, coro: Coroutine[Any, Any, Any], loop: "MiniLoop") -> None:
        super().__init__(loop)
        self.coro = coro
        loop.call_soon(self.step)

    def step(self) -> None:
        try:
            pending = self.coro.send(None)
        except StopIteration as stop:
            self.settle(stop.value)
        except Exception as exc:
            self.settle(error=exc)
        else:
            if pending is None:
                self._loop.call_soon(self.step)
            else:
                pending.on_done(self.step)


class _BareYield:
    def __await__(self) -> Generator[None, None, None]:
        yield


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self.selector = selector
        self.clock = clock
        self._ready: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._made = 0
        self._tasks: list[Task] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self._ready.append(callback)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._made += 1
        heapq.heappush(self._timers, (self.clock() + seconds, self._made, callback))

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await _BareYield()
        else:
            gate = _Gate(self)
            self.call_later(seconds, gate.open)
            await gate

    async def readable(self, fileobj: Any) -> None:
        gate = _Gate(self)
        self.selector.register(fileobj, selectors.EVENT_READ, gate.open)
        await gate

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> Task:
        task = Task(coro, self)
        self._tasks.append(task)
        return task

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        task = self.spawn(main)
        try:
            while not task.done:
                self._wait()
                batch, self._ready = self._ready, deque()
                while batch and not task.done:
                    batch.popleft()()
        finally:
            for other in self._tasks:
                other.coro.close()
            self._tasks.clear()
        return task.result()

    def _wait(self) -> None:
        timeout = None
        if self._ready:
            timeout = 0
        elif self._timers:
            timeout = max(0, self._timers[0][0] - self.clock())
        for key, _mask in self.selector.select(timeout):
            self.selector.unregister(key.fileobj)
            key.data()
        now = self.clock()
        while self._timers and self._timers[0][0] <= now:
            heapq.heappop(self._timers)[2]()


class _Gate(Future):
    def open(self) -> None:
        self.settle()
