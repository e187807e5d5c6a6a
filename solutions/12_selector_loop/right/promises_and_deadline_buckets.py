"""Everything awaited is a promise with callbacks; timers are a bucket of promises for each deadline."""

import contextlib
import selectors
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class HasFileno(Protocol):
    """A file object as selectors take it: a socket, for example."""

    def fileno(self) -> int:
        """Return the number of its file descriptor."""
        ...


class _Promise(Generic[T]):
    """Settled once, with a value or an exception; tells its subscribers, in the order of their subscription."""

    def __init__(self) -> None:
        self.settled = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._subscribers: list[Callable[[], None]] = []

    def settle(self, value: T | None, error: BaseException | None = None) -> None:
        self.settled, self._value, self._error = True, value, error
        subscribers, self._subscribers = self._subscribers, []
        for subscriber in subscribers:
            subscriber()

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        self._subscribers.append(subscriber)

    def get(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]

    def __await__(self) -> Generator["_Promise[T]", None, T]:
        if not self.settled:
            yield self
        return self.get()


class _Task(_Promise[T]):
    """A promise that a coroutine keeps."""

    def __init__(self, loop: "MiniLoop", coro: Coroutine[Any, Any, T]) -> None:
        super().__init__()
        self._loop = loop
        self._coro = coro
        loop._tasks.add(self)
        self.wake()

    def wake(self) -> None:
        self._loop._ready.append(self.step)

    def step(self) -> None:
        try:
            awaited = self._coro.send(None)
        except StopIteration as stop:
            self._leave(stop.value, None)
        except Exception as error:
            self._leave(None, error)
        except BaseException as error:
            self._leave(None, error)
            raise
        else:
            if awaited is None:  # a bare yield: just another turn
                self.wake()
            else:
                awaited.subscribe(self.wake)

    def _leave(self, value: T | None, error: BaseException | None) -> None:
        self._loop._tasks.discard(self)
        self.settle(value, error)

    def close(self) -> None:
        self._loop._tasks.discard(self)
        self._coro.close()


class _Turn:
    """Awaitable: one bare yield."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class MiniLoop:
    """Timers and the selector settle promises; settled promises make tasks ready."""

    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock
        self._ready: deque[Callable[[], None]] = deque()
        self._tasks: set[_Task[Any]] = set()
        self._buckets: defaultdict[float, list[_Promise[None]]] = defaultdict(list)

    @contextlib.contextmanager
    def _closing_tasks(self) -> Iterator[None]:
        try:
            yield
        finally:
            while self._tasks:  # one that is closed may spawn another
                with contextlib.ExitStack() as stack:
                    for task in self._tasks:
                        stack.callback(task.close)  # every one is closed, whatever the others do

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Turn until main's promise is settled."""
        task = _Task(self, main)
        with self._closing_tasks():
            while not task.settled:
                self._collect()
                for _ in range(len(self._ready)):
                    self._ready.popleft()()
                    if task.settled:
                        break
        return task.get()

    def _timeout(self) -> float | None:
        if self._ready:
            return 0
        if self._buckets:
            return max(0, min(self._buckets) - self._clock())
        return None

    def _collect(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            self._selector.unregister(key.fileobj)
            key.data.settle(None)
        now = self._clock()
        for deadline in sorted(deadline for deadline in self._buckets if deadline <= now):
            for promise in self._buckets.pop(deadline):
                promise.settle(None)

    def spawn(self, coro: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Tasks make themselves ready when they are created."""
        return _Task(self, coro)

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Nothing is booked before it is awaited."""
        return self._sleep(seconds)

    async def _sleep(self, seconds: float) -> None:
        if seconds == 0:
            await _Turn()
        else:
            promise: _Promise[None] = _Promise()
            self._buckets[self._clock() + seconds].append(promise)
            await promise

    async def readable(self, fileobj: HasFileno) -> None:
        """The promise is the data of the selector's key; it is forgotten if the coroutine is closed meanwhile."""
        promise: _Promise[None] = _Promise()
        self._selector.register(fileobj, selectors.EVENT_READ, promise)
        try:
            await promise
        finally:
            if not promise.settled:
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(fileobj)
