"""The thread runs asyncio.run(main) with an asyncio.Queue as inbox and a TaskGroup that performs the orders."""

import asyncio
import concurrent.futures as cf
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    else:
        return loop


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop():
        raise RuntimeError("an event loop is running in this thread already")
    return asyncio.run(main())


class BackgroundLoop:
    _loop: AbstractEventLoop
    _inbox: "asyncio.Queue[tuple[Coroutine[Any, Any, Any], cf.Future[Any]] | None]"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        up: cf.Future[None] = cf.Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._main(up),), daemon=True)
        self._thread.start()
        up.result()
        self._open = True
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def _main(self, up: "cf.Future[None]") -> None:
        self._loop = asyncio.get_running_loop()
        self._inbox = asyncio.Queue()
        up.set_result(None)
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while (order := await self._inbox.get()) is not None:
                coro, reply = order
                task = group.create_task(self._perform(coro, reply))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(partial(self._settle, coro, reply))
                reply.add_done_callback(partial(self._withdraw, task))
            for task in running:
                task.cancel()
        # asyncio.run() cancels the tasks that the coroutines have left, and closes the loop.

    @staticmethod
    async def _perform(coro: Coroutine[Any, Any, Any], reply: "cf.Future[Any]") -> None:
        try:
            value = await coro
        except asyncio.CancelledError:
            reply.cancel()
        except BaseException as error:
            if reply.set_running_or_notify_cancel():
                reply.set_exception(error)
        else:
            if reply.set_running_or_notify_cancel():
                reply.set_result(value)

    @staticmethod
    def _settle(coro: Coroutine[Any, Any, Any], reply: "cf.Future[Any]", task: "asyncio.Task[None]") -> None:
        coro.close()  # for a task that was cancelled before its first step
        reply.cancel()

    def _withdraw(self, task: "asyncio.Task[None]", reply: "cf.Future[Any]") -> None:
        if reply.cancelled():
            with suppress(RuntimeError):  # the loop is closed: the task has ended
                self._loop.call_soon_threadsafe(task.cancel)

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        reply: cf.Future[T] = cf.Future()
        with self._lock:
            accepted = self._open and threading.current_thread() is not self._thread
            if accepted:
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, (coro, reply))
        if not accepted:
            coro.close()
            raise RuntimeError("the background loop is closed, or cannot wait for itself")
        try:
            return reply.result(timeout)
        except TimeoutError:
            if reply.cancel():
                raise
            return reply.result()  # the coroutine has ended after all, or it was its own TimeoutError
        finally:
            reply.cancel()

    def close(self) -> None:
        with self._lock:
            if self._open:
                self._open = False
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, None)
        if self._thread is not None:
            self._thread.join()
