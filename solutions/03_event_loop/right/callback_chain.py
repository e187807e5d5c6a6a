"""No coroutine of its own: the end of a loop is a chain of callbacks, the last of which stops it."""

import asyncio
import concurrent.futures
import threading
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


def current_loop() -> AbstractEventLoop | None:
    return asyncio._get_running_loop()


class _Life:
    """A loop from the first turn to the last. All methods but `turn` are called by the loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ending = False
        self._cancelled: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()

    def turn(self, survives: bool) -> BaseException | None:
        """Turn the loop until its end and close it; return what tried to break it.

        If it `survives`, that is reported and the loop goes on, otherwise its end begins.
        """
        broken: BaseException | None = None
        try:
            while True:
                try:
                    self.loop.run_forever()
                    return broken
                except (KeyboardInterrupt, SystemExit) as error:
                    if survives:
                        continue
                    broken = broken or error
                    self.loop.call_soon(self.end)
        finally:
            self.loop.close()

    def end(self, _: object = None) -> None:
        if not self._ending:
            self._ending = True
            self._cancel_tasks(self._shut_down_generators)

    def cancel(self, task: "asyncio.Task[Any]") -> None:
        """Cancel a task once: a second time would hit its cleanup."""
        if task not in self._cancelled:
            self._cancelled.add(task)
            task.cancel()

    def _cancel_tasks(self, then: Callable[[], None]) -> None:
        left = asyncio.all_tasks(self.loop)
        if not left:
            then()
            return
        counted = len(left)

        def ended(task: "asyncio.Task[Any]") -> None:
            nonlocal counted
            counted -= 1
            if not counted:
                self._cancel_tasks(then)  # once more: cleanup may have started others

        for task in left:
            self.cancel(task)
            task.add_done_callback(ended)

    def _shut_down_generators(self) -> None:
        task = self.loop.create_task(self.loop.shutdown_asyncgens())
        task.add_done_callback(lambda _: self._cancel_tasks(self._shut_down_executor))

    def _shut_down_executor(self) -> None:
        task = self.loop.create_task(self.loop.shutdown_default_executor())
        task.add_done_callback(lambda _: self.loop.stop())


def run_fresh(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    if current_loop() is not None:
        raise RuntimeError("an event loop is running in this thread")
    life = _Life()
    try:
        task = life.loop.create_task(main())
    except BaseException:
        life.loop.close()
        raise
    task.add_done_callback(life.end)
    broken = life.turn(survives=False)
    if broken is not None:
        if task.done() and not task.cancelled():
            task.exception()  # most likely the same
        raise broken
    return task.result()


def _wake(answer: "_Answer", task: "asyncio.Task[Any]") -> None:
    """Carry the outcome of a task over to the thread that waits for it, if one still does."""
    try:
        value = task.result()
    except BaseException as error:
        deliver = partial(answer.set_exception, error)
    else:
        deliver = partial(answer.set_result, value)
    if answer.claim():
        deliver()


class _Answer(concurrent.futures.Future):  # type: ignore[type-arg]
    """A future of which either the caller disposes, by `withdraw`, or the loop, after `claim`."""

    def __init__(self) -> None:
        super().__init__()
        self._claims = threading.Lock()

    def claim(self) -> bool:
        """Tell whether the outcome is still wanted; True only once."""
        return self._claims.acquire(blocking=False)

    def withdraw(self, error: BaseException) -> bool:
        if not self._claims.acquire(blocking=False):
            return False
        self.set_exception(error)
        return True


class BackgroundLoop:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._life: _Life | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self._answers: dict[_Answer, None] = {}

    def __enter__(self) -> Self:
        if self._life is not None:
            raise RuntimeError("a BackgroundLoop can be entered once")
        self._life = _Life()
        self._thread = threading.Thread(target=self._life.turn, args=[True], daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        answer = _Answer()
        with self._lock:
            life = self._life
            accepted = life is not None and not self._closed and current_loop() is not life.loop
            if accepted:
                self._answers[answer] = None
                life.loop.call_soon_threadsafe(self._begin, life, coro, answer)
        if not accepted:
            coro.close()
            raise RuntimeError("not running, or asked by the loop's own thread")
        try:
            concurrent.futures.wait([answer], timeout)
            answer.withdraw(TimeoutError())
            return answer.result()
        finally:
            answer.withdraw(concurrent.futures.CancelledError())  # if an interrupt has ended the waiting
            self._answers.pop(answer, None)

    def _begin(self, life: _Life, coro: Coroutine[Any, Any, Any], answer: _Answer) -> None:
        task = life.loop.create_task(coro)
        task.add_done_callback(partial(_wake, answer))
        answer.add_done_callback(partial(self._stop_task, life, task))

    def _stop_task(self, life: _Life, task: "asyncio.Task[Any]", _: object) -> None:
        if not task.done():
            try:
                life.loop.call_soon_threadsafe(life.cancel, task)
            except RuntimeError:
                pass  # too late: the loop is closed

    def close(self) -> None:
        if self._life is None:
            return
        if threading.current_thread() is self._thread:
            raise RuntimeError("a loop cannot be closed by its own thread, which would wait for itself")
        with self._lock:
            if not self._closed:
                self._closed = True
                for answer in list(self._answers):
                    answer.withdraw(asyncio.CancelledError())
                self._life.loop.call_soon_threadsafe(self._life.end)
        self._thread.join()
