"""Every thread and every process is an executor of size one, and lies in a rack until needed.

A job is an errand, a task of its own that takes an executor from the rack and puts it back when the job has really
ended. Callers wait for a future beside it; they may leave, the errand goes on.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _InNewThread(Generic[T]):
    """Await this to run a function in a thread that is started for it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, None, T]:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Callable[[], T]] = loop.create_future()

        def deliver(result: Callable[[], T]) -> None:
            if not waiter.done():
                waiter.set_result(result)

        def work() -> None:
            result: Callable[[], T]
            try:
                value = self._call()
            except BaseException as error:
                result = partial(_raise, error)
            else:
                result = lambda: value  # noqa: E731
            try:
                loop.call_soon_threadsafe(deliver, result)
            except RuntimeError:
                pass  # the loop has been closed

        self.thread = threading.Thread(target=work)
        self.thread.start()
        result = yield from waiter
        return result()


def _raise(error: BaseException) -> Any:
    raise error


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await _InNewThread(partial(copy_context().run, fn, *args))


class _Rack:
    def __init__(self, make: Callable[[], Executor], size: int) -> None:
        self.executors = [make() for _ in range(size)]
        self._idle: asyncio.LifoQueue[Executor] = asyncio.LifoQueue()
        for executor in self.executors:
            self._idle.put_nowait(executor)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Executor]:
        executor = await self._idle.get()
        try:
            yield executor
        finally:
            self._idle.put_nowait(executor)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = threads, processes
        self._racks: tuple[_Rack, _Rack] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        threads, processes = self._sizes
        self._racks = _Rack(partial(ThreadPoolExecutor, 1), threads), _Rack(partial(ProcessPoolExecutor, 1), processes)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        racks, self._racks = self._racks, None
        if racks is None:
            return
        while self._errands:
            await asyncio.wait(self._errands)
        clearing = _InNewThread(lambda: [executor.shutdown() for rack in racks for executor in rack.executors])
        await clearing
        clearing.thread.join()

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._send(0, partial(copy_context().run, fn, *args, **kwargs))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._send(1, partial(fn, *args, **kwargs))

    async def _send(self, which: int, call: Callable[[], T]) -> T:
        if self._racks is None:
            raise RuntimeError("the rack is closed")
        answer: asyncio.Future[Callable[[], T]] = asyncio.get_running_loop().create_future()
        errand = asyncio.create_task(_run_errand(self._racks[which], call, answer))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)
        result = await answer
        return result()


async def _run_errand(rack: _Rack, call: Callable[[], T], answer: "asyncio.Future[Callable[[], T]]") -> None:
    async with rack.one() as executor:
        try:
            value = await asyncio.get_running_loop().run_in_executor(executor, call)
        except BaseException as error:
            result: Callable[[], T] = partial(_raise, error)
        else:
            result = lambda: value  # noqa: E731
    if not answer.done():
        answer.set_result(result)
