"""multiprocessing.pool's ThreadPool and Pool: apply_async with callbacks that wake a future of the loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.pool import Pool, ThreadPool
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class _Answer:
    """Takes a value or an error from any thread and gives it to one awaiting coroutine."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[tuple[object, BaseException | None]]
        self._future = self._loop.create_future()

    def _deliver(self, value: object, error: BaseException | None) -> None:
        if not self._future.done():
            self._future.set_result((value, error))

    def value(self, value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            self._loop.call_soon_threadsafe(self._deliver, value, None)

    def error(self, error: BaseException) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, None, error)

    def run(self, call: Callable[[], object]) -> None:
        """Call in this thread and answer with what comes of it."""
        try:
            value = call()
        except BaseException as exc:
            self.error(exc)
        else:
            self.value(value)

    async def wait(self) -> object:
        value, error = await self._future
        if error is not None:
            try:
                raise error
            finally:
                del error
        return value

    async def insist(self) -> None:
        hurried = False
        while not self._future.done():
            try:
                await asyncio.wait({self._future})
            except asyncio.CancelledError:
                hurried = True
        await self.wait()
        if hurried:
            raise asyncio.CancelledError


async def offload(fn: Callable[..., T], /, *args: Any) -> T:
    answer = _Answer()
    threading.Thread(target=answer.run, args=(lambda: fn(*args),)).start()
    return cast(T, await answer.wait())


class Offload:
    def __init__(self, *, threads: int, processes: int) -> None:
        self._threads = threads
        self._processes = processes
        self._pools: tuple[ThreadPool, Pool] | None = None

    async def __aenter__(self) -> Offload:
        process_pool = multiprocessing.get_context("spawn").Pool(self._processes)
        self._pools = ThreadPool(self._threads), process_pool
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pools, self._pools = self._pools, None
        assert pools is not None

        def close() -> None:
            for pool in pools:
                pool.close()
            for pool in pools:
                pool.join()

        answer = _Answer()
        helper = threading.Thread(target=answer.run, args=(close,))
        helper.start()
        try:
            await answer.insist()
        finally:
            helper.join()

    def _get(self) -> tuple[ThreadPool, Pool]:
        if self._pools is None:
            raise RuntimeError("the pools exist only inside of the block")
        return self._pools

    async def in_thread(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        pool, _ = self._get()
        context = contextvars.copy_context()
        answer = _Answer()
        pool.apply_async(answer.run, (lambda: context.run(fn, *args, **kwargs),))
        return cast(T, await answer.wait())

    async def in_process(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        _, pool = self._get()
        answer = _Answer()
        pool.apply_async(fn, args, dict(kwargs), answer.value, answer.error)
        return cast(T, await answer.wait())
