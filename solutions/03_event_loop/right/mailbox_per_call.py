"""Each call has a queue.SimpleQueue as its letter box, and a done callback posts the outcome."""

import asyncio
import concurrent.futures
import queue
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        loop = None
    return loop


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    coro = main()
    if current_loop() is not None:
        coro.close()
        raise RuntimeError("a loop is already running here")
    return asyncio.run(coro)


class Letter:
    """One call: who has to run, and the box for what became of it."""

    def __init__(self, loop: AbstractEventLoop, coro: Coroutine[Any, Any, Any]) -> None:
        self.loop = loop
        self.coro = coro
        self.task: asyncio.Task[Any] | None = None
        self.box: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()

    def open(self) -> None:
        self.task = self.loop.create_task(self.coro)
        self.task.add_done_callback(self.answer)

    def answer(self, task: "asyncio.Task[Any]") -> None:
        if task.cancelled():
            self.box.put(self.cancelled)
        else:
            task.exception()
            self.box.put(task.result)

    def cancelled(self) -> Any:
        raise concurrent.futures.CancelledError

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()


class BackgroundLoop:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.live)
        self.order = threading.Lock()
        self.closed = False

    def live(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        left = asyncio.all_tasks(self.loop)
        while left:
            for task in left:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            left = asyncio.all_tasks(self.loop)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        self.loop.close()

    def __enter__(self) -> "BackgroundLoop":
        self.thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        if current_loop() is self.loop:
            coro.close()
            raise RuntimeError("called from the loop's own thread")
        letter = Letter(self.loop, coro)
        with self.order:
            closed = self.closed
            if not closed:
                self.loop.call_soon_threadsafe(letter.open)
        if closed:
            coro.close()
            raise RuntimeError("called after close()")
        try:
            outcome = letter.box.get(timeout=timeout)
        except queue.Empty:
            with self.order:
                if not self.closed:
                    self.loop.call_soon_threadsafe(letter.cancel)
            raise TimeoutError(f"no result within {timeout} s") from None
        return outcome()

    def close(self) -> None:
        with self.order:
            if not self.closed:
                self.closed = True
                self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
