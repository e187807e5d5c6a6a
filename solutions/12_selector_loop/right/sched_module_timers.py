"""The timers live in the standard sched.scheduler (never blocking); the ready queue is a queue.SimpleQueue."""

import sched
import selectors
from collections.abc import Callable, Coroutine, Generator
from queue import SimpleQueue
from types import coroutine
from typing import Any


@coroutine
def _park() -> Generator[None, None, None]:
    yield


class Handle:
    def __init__(self, loop: "MiniLoop", coro: Coroutine[Any, Any, Any]) -> None:
        self.loop = loop
        self.coro = coro
        self.finished = False
        self.value: Any = None
        self.failure: Exception | None = None
        self.joiners: list[Handle] = []

    def __await__(self) -> Generator[None, None, Any]:
        return self._join().__await__()

    async def _join(self) -> Any:
        if not self.finished:
            self.joiners.append(self.loop.current)
            await _park()
        if self.failure is not None:
            raise self.failure
        return self.value

    def step(self) -> None:
        self.loop.current = self
        try:
            self.coro.send(None)
        except StopIteration as stop:
            self.value = stop.value
        except Exception as failure:
            self.failure = failure
        else:
            return
        finally:
            self.loop.current = None
        self.finished = True
        for joiner in self.joiners:
            self.loop.ready.put(joiner)


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self.selector = selector
        self.clock = clock
        self.timers = sched.scheduler(clock, lambda seconds: None)
        self.ready: SimpleQueue[Handle] = SimpleQueue()
        self.current: Any = None
        self.handles: list[Handle] = []

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.timers.enter(seconds, 0, self.ready.put, (self.current,))
        else:
            self.ready.put(self.current)
        await _park()

    async def readable(self, fileobj: Any) -> None:
        self.selector.register(fileobj, selectors.EVENT_READ, self.current)
        await _park()

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> Handle:
        handle = Handle(self, coro)
        self.handles.append(handle)
        self.ready.put(handle)
        return handle

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        first = self.spawn(main)
        try:
            while not first.finished:
                self._collect()
                for _ in range(self.ready.qsize()):
                    self.ready.get().step()
                    if first.finished:
                        break
        finally:
            for handle in self.handles:
                handle.coro.close()
        if first.failure is not None:
            raise first.failure
        return first.value

    def _collect(self) -> None:
        # puts what is due on the ready queue and says how long it is to the next one
        until_next = self.timers.run(blocking=False)
        timeout = 0 if not self.ready.empty() else until_next
        events = self.selector.select(timeout)
        for key, _ in events:
            self.selector.unregister(key.fileobj)
            self.ready.put(key.data)
        self.timers.run(blocking=False)
