"""As many asyncio tasks as workers take jobs from an asyncio.Queue and give each to the executor behind them."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, functools.partial(fn, *args))


class _Job(Generic[T]):
    def __init__(self, call: Callable[[], T]) -> None:
        self.call = call
        self.reply: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    async def perform(self, executor: Executor) -> None:
        if self.reply.cancelled():
            return
        done = asyncio.wrap_future(executor.submit(self.call))
        await asyncio.wait({done})
        error = None if done.cancelled() else done.exception()
        if self.reply.done():
            return  # the caller did not want to wait so long
        if done.cancelled():
            self.reply.cancel()
        elif error is not None:
            self.reply.set_exception(error)
        else:
            self.reply.set_result(done.result())


class _Lane:
    """One executor, its queue and the tasks that serve it."""

    def __init__(self, executor: Executor, width: int) -> None:
        self.executor = executor
        self.jobs: asyncio.Queue[_Job[Any] | None] = asyncio.Queue()
        self.servers = [asyncio.create_task(self._serve()) for _ in range(width)]

    async def _serve(self) -> None:
        while True:
            job = await self.jobs.get()
            if job is None:
                return
            await job.perform(self.executor)
            del job

    async def ask(self, call: Callable[[], T]) -> T:
        job = _Job(call)
        self.jobs.put_nowait(job)
        return await job.reply

    async def close(self) -> None:
        for _ in self.servers:
            self.jobs.put_nowait(None)
        await asyncio.wait(self.servers)
        await asyncio.to_thread(self.executor.shutdown)


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._sizes = threads, processes
        self._lanes: tuple[_Lane, _Lane] | None = None

    async def __aenter__(self) -> Offload:
        threads, processes = self._sizes
        spawn = multiprocessing.get_context("spawn")
        self._lanes = (
            _Lane(ThreadPoolExecutor(threads), threads),
            _Lane(ProcessPoolExecutor(processes, mp_context=spawn), processes),
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        lanes, self._lanes = self._lanes, None
        assert lanes is not None
        closing = [asyncio.create_task(lane.close()) for lane in lanes]
        cancelled = False
        while not all(task.done() for task in closing):
            try:
                await asyncio.wait(closing)
            except asyncio.CancelledError:
                cancelled = True
        for task in closing:
            task.result()
        if cancelled:
            raise asyncio.CancelledError

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._lanes is None:
            raise RuntimeError("closed")
        context = contextvars.copy_context()
        return await self._lanes[0].ask(lambda: context.run(fn, *args, **kwargs))

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._lanes is None:
            raise RuntimeError("closed")
        return await self._lanes[1].ask(functools.partial(fn, *args, **kwargs))
