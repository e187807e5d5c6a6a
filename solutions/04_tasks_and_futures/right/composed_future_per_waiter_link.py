"""Promise owns one inner Future that only links to a fresh Future per waiter."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Background:
    """Every task that ends hands its ticket in; the last one resolves the future all drain() calls share."""

    def __init__(self) -> None:
        self._open: Counter[asyncio.Task[Any]] = Counter()
        self._empty: asyncio.Future[None] | None = None

    def start(self, coro: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(coro, name=f"background-{len(self._open)}")
        self._open[task] = 1
        task.add_done_callback(self._hand_in)
        return task

    def _hand_in(self, task: "asyncio.Task[Any]") -> None:
        del self._open[task]
        if not self._open and self._empty is not None:
            self._empty.set_result(None)
            self._empty = None

    def __len__(self) -> int:
        return len([task for task in self._open if not task.done()])

    async def drain(self) -> None:
        while self._open:
            if self._empty is None:
                self._empty = asyncio.get_running_loop().create_future()
            # wait() does not cancel what it waits for, so a cancelled drain() harms no other one
            await asyncio.wait({self._empty})


class Promise(Generic[T]):
    def __init__(self) -> None:
        # The inner future never holds the exception itself: it would complain when nobody retrieves that.
        self._inner: asyncio.Future[Callable[[], T]] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[Any, Any, T]:
        if not self._inner.done():
            link: asyncio.Future[None] = self._inner.get_loop().create_future()

            def pull(_: "asyncio.Future[Callable[[], T]]") -> None:
                if not link.done():
                    link.set_result(None)

            self._inner.add_done_callback(pull)
            try:
                yield from link
            finally:
                self._inner.remove_done_callback(pull)
        return self.result()

    def done(self) -> bool:
        return self._inner.done()

    def result(self) -> T:
        return self._inner.result()()

    def set_result(self, value: T) -> None:
        self._inner.set_result(lambda: value)

    def set_exception(self, exception: BaseException) -> None:
        def throw() -> T:
            raise exception

        self._inner.set_result(throw)

    def add_done_callback(self, fn: Callable[["Promise[T]"], object]) -> None:
        self._inner.add_done_callback(lambda _: fn(self))
