"""Timers are lists in a dict by deadline, readers a dict of the loop; a wrapper coroutine drives each child."""

import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class _Pause:
    def __await__(self) -> Generator[None, None, None]:
        yield None


class _Box:
    """What spawn gives back; the wrapper coroutine fills it."""

    def __init__(self, loop: "MiniLoop") -> None:
        self.loop = loop
        self.full = False
        self.value: Any = None
        self.error: Exception | None = None
        self.queue: list[Any] = []

    def __await__(self) -> Generator[None, None, Any]:
        return self.open().__await__()

    async def open(self) -> Any:
        while not self.full:
            self.queue.append(self.loop.running)
            await _Pause()
        if self.error is None:
            return self.value
        raise self.error


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self.selector = selector
        self.clock = clock
        self.running: Any = None
        self._ready: deque[Any] = deque()
        self._buckets: dict[float, list[Any]] = {}
        self._readers: dict[int, tuple[Any, Any]] = {}
        self._coros: list[tuple[Any, Any]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            self._ready.append(self.running)
        else:
            self._buckets.setdefault(self.clock() + seconds, []).append(self.running)
        await _Pause()

    async def readable(self, fileobj: Any) -> None:
        key = self.selector.register(fileobj, selectors.EVENT_READ)
        self._readers[key.fd] = (fileobj, self.running)
        await _Pause()

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> _Box:
        box = _Box(self)
        wrapper = self._fill(box, coro)
        self._coros.append((wrapper, coro))
        self._ready.append(wrapper)
        return box

    async def _fill(self, box: _Box, coro: Coroutine[Any, Any, Any]) -> None:
        try:
            box.value = await coro
        except Exception as exc:
            box.error = exc
        box.full = True
        self._ready.extend(box.queue)

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        box = self.spawn(main)
        try:
            while not box.full:
                for wrapper in self._round():
                    self.running = wrapper
                    try:
                        wrapper.send(None)
                    except StopIteration:
                        pass
                    if box.full:
                        break
        finally:
            self.running = None
            for wrapper, coro in self._coros:
                wrapper.close()
                coro.close()
        if box.error is not None:
            raise box.error
        return box.value

    def _round(self) -> list[Any]:
        if self._ready:
            timeout = 0.0
        elif self._buckets:
            timeout = max(0.0, min(self._buckets) - self.clock())
        else:
            timeout = None
        for key, _ in self.selector.select(timeout):
            fileobj, wrapper = self._readers.pop(key.fd)
            self.selector.unregister(fileobj)
            self._ready.append(wrapper)
        now = self.clock()
        for deadline in sorted(d for d in self._buckets if d <= now):
            self._ready.extend(self._buckets.pop(deadline))
        batch = list(self._ready)
        self._ready.clear()
        return batch
