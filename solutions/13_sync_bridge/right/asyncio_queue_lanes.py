"""Worker tasks of the loop take jobs from an asyncio.Queue, a lane for each kind, inside an AsyncExitStack."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _call(fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
    """Runs elsewhere. StopIteration cannot pass through a future."""
    try:
        return fn(*args, **kwargs)
    except StopIteration as stop:
        raise RuntimeError("the function raised StopIteration") from stop


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    """The loop's default executor does it."""
    return await asyncio.to_thread(_call, fn, *args)


async def _outlast(future: "asyncio.Future[Any]") -> None:
    """Wait until `future` has ended, also if this is cancelled meanwhile."""
    interrupted: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as request:
            interrupted = request
    if interrupted is not None:
        raise interrupted


class _Lane:
    """As many workers as the executor has: nothing ever queues inside the executor."""

    def __init__(self, executor: Executor, workers: int) -> None:
        self._executor = executor
        self._queue: asyncio.Queue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._workers = [asyncio.create_task(self._work()) for _ in range(workers)]

    async def do(self, call: Callable[[], T]) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((call, answer))
        return await answer

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while (job := await self._queue.get()) is not None:
            call, answer = job
            if answer.done():  # cancelled in the queue
                continue
            running = loop.run_in_executor(self._executor, call)
            await asyncio.wait([running])
            failure = running.exception()
            if answer.done():
                continue
            if failure is None:
                answer.set_result(running.result())
            else:
                answer.set_exception(failure)

    async def drain(self) -> None:
        """The queue is first in, first out: whatever was handed in comes before the ends."""
        for _ in self._workers:
            self._queue.put_nowait(None)
        await _outlast(asyncio.gather(*self._workers))


@asynccontextmanager
async def _lane(executor: Executor, workers: int) -> AsyncIterator[_Lane]:
    lane = _Lane(executor, workers)
    try:
        yield lane
    finally:
        try:
            await lane.drain()
        finally:
            await _outlast(asyncio.ensure_future(offload(executor.shutdown)))


class Offload:
    """Two lanes on a stack."""

    def __init__(self, *, threads: int, processes: int) -> None:
        self._threads = threads
        self._processes = processes
        self._stack = AsyncExitStack()
        self._open = False

    async def __aenter__(self) -> Self:
        forkserver = multiprocessing.get_context("forkserver")
        pool = ProcessPoolExecutor(self._processes, mp_context=forkserver)
        self._process_lane = await self._stack.enter_async_context(_lane(pool, self._processes))
        self._thread_lane = await self._stack.enter_async_context(
            _lane(ThreadPoolExecutor(self._threads), self._threads)
        )
        self._open = True
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open = False
        await self._stack.aclose()

    def _check(self) -> None:
        if not self._open:
            raise RuntimeError("this Offload is not open")

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Put the call into the threads' lane, together with the caller's context."""
        self._check()
        return await self._thread_lane.do(partial(copy_context().run, _call, fn, *args, **kwargs))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Put the call into the processes' lane."""
        self._check()
        return await self._process_lane.do(partial(_call, fn, *args, **kwargs))
