"""The loop's main coroutine is a server that reads orders from an asyncio.Queue; None is the last order."""

import asyncio
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Order = tuple[Coroutine[Any, Any, Any], "Future[Any]"]


def current_loop() -> AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _sweep() -> None:
    """Cancel every other task of this loop and wait until they are over."""
    me = asyncio.current_task()
    while others := asyncio.all_tasks() - {me}:
        for task in others:
            task.cancel()
        await asyncio.wait(others)
        for task in others:
            if not task.cancelled():
                task.exception()


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("a loop runs in this thread")

    async def whole() -> T:
        try:
            return await main()
        finally:
            await _sweep()

    return asyncio.run(whole())


class BackgroundLoop:
    def __init__(self) -> None:
        self._door = threading.Condition()
        self._state = "new"
        self._loop: AbstractEventLoop | None = None
        self._inbox: asyncio.Queue[Order | None] | None = None
        self._thread = threading.Thread(target=self._thread_main)

    def _thread_main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._inbox = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        with self._door:
            self._state = "open"
            self._door.notify_all()
        while (order := await self._inbox.get()) is not None:
            coro, reply = order
            task = asyncio.create_task(coro)
            task.add_done_callback(lambda task, reply=reply: self._deliver(task, reply))
            reply.add_done_callback(lambda reply, task=task: self._withdraw(task, reply))
        await _sweep()

    def _deliver(self, task: "asyncio.Task[Any]", reply: "Future[Any]") -> None:
        if task.cancelled():
            reply.cancel()
        error = None if task.cancelled() else task.exception()
        if not reply.set_running_or_notify_cancel():
            return
        if error is not None:
            reply.set_exception(error)
        else:
            reply.set_result(task.result())

    def _withdraw(self, task: "asyncio.Task[Any]", reply: "Future[Any]") -> None:
        if reply.cancelled() and not task.done():
            try:
                self._loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:
                pass

    def __enter__(self) -> "BackgroundLoop":
        self._thread.start()
        with self._door:
            self._door.wait_for(lambda: self._state == "open")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        reply: Future[T] = Future()
        with self._door:
            if self._state != "open" or threading.current_thread() is self._thread:
                coro.close()
                raise RuntimeError(f"run() is not possible: {self._state}, in {threading.current_thread().name}")
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, (coro, reply))
        try:
            return reply.result(timeout)
        except TimeoutError:
            reply.cancel()
            raise

    def close(self) -> None:
        with self._door:
            if self._state == "open":
                self._state = "closed"
                self._loop.call_soon_threadsafe(self._inbox.put_nowait, None)
        self._thread.join()
