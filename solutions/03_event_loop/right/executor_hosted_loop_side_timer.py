"""A one-thread executor hosts the loop, replies come through SimpleQueue, the loop's call_later is the timeout."""

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
_Reply = Callable[[], Any]


def current_loop() -> AbstractEventLoop | None:
    try:
        task_loop: AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        task_loop = None
    return task_loop


async def _cancel_the_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _run_step(loop: AbstractEventLoop, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
    loop.run_until_complete(step())


def _new_loop(stack: ExitStack) -> AbstractEventLoop:
    """A new loop that `stack` cleans up."""
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    for step in (loop.shutdown_default_executor, loop.shutdown_asyncgens, _cancel_the_others):
        stack.callback(_run_step, loop, step)
    return loop


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("there is a running event loop in this thread")
    with ExitStack() as stack:
        return _new_loop(stack).run_until_complete(main())


class BackgroundLoop:
    def __init__(self) -> None:
        self._host: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        self._host = ThreadPoolExecutor(max_workers=1, thread_name_prefix="background-loop")
        started: Future[tuple[AbstractEventLoop, asyncio.Event]] = Future()
        self._host.submit(self._serve, started)
        self._loop, self._enough = started.result()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _serve(started: "Future[tuple[AbstractEventLoop, asyncio.Event]]") -> None:
        enough = asyncio.Event()
        with ExitStack() as stack:
            loop = _new_loop(stack)
            loop.call_soon(lambda: started.set_result((loop, enough)))
            while not enough.is_set():
                with suppress(SystemExit, KeyboardInterrupt):  # of a coroutine: run() raises it in its caller
                    loop.run_until_complete(enough.wait())

    def _begin(self, coro: Coroutine[Any, Any, T], timeout: float | None, replies: "SimpleQueue[_Reply]") -> None:
        def expire() -> None:
            def raise_timeout() -> None:
                raise TimeoutError(f"no result after {timeout} seconds")

            replies.put(raise_timeout)
            task.cancel()

        def reply(task: "asyncio.Task[T]") -> None:
            if timer is not None:
                timer.cancel()
            if not task.cancelled():
                task.exception()
            replies.put(task.result)

        task = self._loop.create_task(coro)
        timer = None if timeout is None else self._loop.call_later(timeout, expire)
        task.add_done_callback(reply)

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        replies: SimpleQueue[_Reply] = SimpleQueue()
        with self._lock:
            accepted = self._host is not None and current_loop() is not self._loop
            if accepted:
                self._loop.call_soon_threadsafe(self._begin, coro, timeout, replies)
        if not accepted:
            coro.close()
            raise RuntimeError("the loop is closed, or this is its own thread")
        return replies.get()()  # type: ignore[no-any-return]

    def close(self) -> None:
        with self._lock:
            host, self._host = self._host, None
            if host is not None:
                self._loop.call_soon_threadsafe(self._enough.set)
        if host is not None:
            host.shutdown(wait=True)
