"""The work is left to a loop of asyncio that was given the selector and the clock.

Fails: test_run_gives_the_value_or_the_exception
Says: An asyncio event loop was running while main ran.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self.time = clock  # type: ignore[method-assign]
        super().__init__(selector)


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self._selector = selector
        self._clock = clock

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=lambda: _Loop(self._selector, self._clock)) as runner:
            return runner.run(main)

    def spawn(self, coro: Coroutine[Any, Any, T]) -> Awaitable[T]:
        return asyncio.get_running_loop().create_task(coro)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def readable(self, fileobj: Any) -> None:
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        loop.add_reader(fileobj, event.set)
        try:
            await event.wait()
        finally:
            loop.remove_reader(fileobj)
