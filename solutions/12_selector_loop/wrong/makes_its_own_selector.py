"""The loop makes a selector of its own instead of using the one that was handed in.

Fails: test_run_gives_the_value_or_the_exception
Says: The loop made a selector of its own, beside the one that was handed in
"""

import heapq
import itertools
import selectors
import types
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class HasFileno(Protocol):
    """A file object as selectors take it: a socket, for example."""

    def fileno(self) -> int:
        """Return the number of its file descriptor."""
        ...


class Task(Generic[T]):
    """A coroutine on its way; await it to get its value or exception."""

    def __init__(self, loop: "MiniLoop", coro: Coroutine[Any, Any, T]) -> None:
        self.coro = coro
        self.done = False
        self._loop = loop
        self._waiters: list[Task[Any]] = []
        self._value: T
        self._error: Exception | None = None

    def step(self) -> None:
        """Run the coroutine up to its next suspension, and let it arrange how it is woken."""
        try:
            arrange: Callable[[Task[Any]], object] = self.coro.send(None)
        except StopIteration as stop:
            self._value = stop.value
        except Exception as error:  # noqa: BLE001 - belongs to whoever awaits this task
            self._error = error
        else:
            arrange(self)
            return
        self.done = True
        self._loop.ready.extend(self._waiters)

    def result(self) -> T:
        """Return the value or raise the exception the coroutine has ended with."""
        if self._error is not None:
            raise self._error
        return self._value

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done:
            yield self._waiters.append
        return self.result()


@types.coroutine
def _suspend(arrange: Callable[[Task[Any]], object]) -> Generator[Any, None, None]:
    # The loop calls `arrange` with the task that has just been suspended here.
    yield arrange


class MiniLoop:
    """Runs coroutines in turns on one thread; waits for time and for file objects in one call of `select()`."""

    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self.ready: deque[Task[Any]] = deque()
        self._selector = selectors.DefaultSelector()
        self._clock = clock
        # The number decides between equal deadlines; tasks cannot be compared.
        self._timers: list[tuple[float, int, Task[Any]]] = []
        self._numbers = itertools.count()
        self._tasks: set[Task[Any]] = set()

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` to its end; return its value or raise its exception."""
        task = self.spawn(main)
        try:
            while not task.done:
                self._wake()
                # Who becomes ready in this round has its turn in the next one, after timers and files had theirs.
                for _ in range(len(self.ready)):
                    self._step(self.ready.popleft())
                    if task.done:
                        break
            return task.result()
        finally:
            for remaining in self._tasks:
                remaining.coro.close()

    def spawn(self, coro: Coroutine[Any, Any, T]) -> Task[T]:
        """Put `coro` at the end of the ready queue, without running it, and return a handle to await."""
        task = Task(self, coro)
        self._tasks.add(task)
        self.ready.append(task)
        return task

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Return something to await that lasts `seconds`."""
        if seconds <= 0:
            return _suspend(self.ready.append)
        deadline = self._clock() + seconds
        return _suspend(lambda task: heapq.heappush(self._timers, (deadline, next(self._numbers), task)))

    def readable(self, fileobj: HasFileno) -> Awaitable[None]:
        """Return something to await until there is something to read from `fileobj`."""
        return _suspend(lambda task: self._selector.register(fileobj, selectors.EVENT_READ, task))

    def _step(self, task: Task[Any]) -> None:
        task.step()
        if task.done:
            self._tasks.discard(task)

    def _wake(self) -> None:
        """Wait until somebody is ready, if nobody is, and collect everybody who is by now."""
        timeout: float | None = None
        if self.ready:
            timeout = 0
        elif self._timers:
            timeout = max(0, self._timers[0][0] - self._clock())
        for key, _ in self._selector.select(timeout):
            self._selector.unregister(key.fileobj)
            self.ready.append(key.data)
        # select() may have come back early or late: only the clock says who is due.
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            self.ready.append(heapq.heappop(self._timers)[2])
