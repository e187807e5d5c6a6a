"""What runs outside the event loop: is there any thread, pool job or process that may still wake it?

The clock stands still while something outside runs real code, because only then is a wait for it not a matter of
how busy the machine is. The answer must never be "nothing" while a job is on its way, so it rests on states that
change in one step under the interpreter lock, never on how long something took.
"""

from __future__ import annotations

import concurrent.futures
import concurrent.futures.process
import concurrent.futures.thread
import multiprocessing
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_POOL_WORKER = concurrent.futures.thread._worker.__code__  # type: ignore[attr-defined]
_CONDITION_WAIT = threading.Condition.wait.__code__
_THREAD_JOIN = threading.Thread.join.__code__
# Up to 3.12, join() without a timeout waits one frame deeper.
_JOIN_LOCK = getattr(getattr(threading.Thread, "_wait_for_tstate_lock", None), "__code__", None)
_PROCESS_POOL_THREAD = concurrent.futures.process._ExecutorManagerThread

_jobs: weakref.WeakSet[concurrent.futures.Future[Any]] = weakref.WeakSet()
_parked: set[int] = set()


@contextmanager
def recorded() -> Iterator[None]:
    """Notice every job handed to a thread pool while the block runs, however it is submitted."""
    original = concurrent.futures.ThreadPoolExecutor.submit

    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        job = original(self, fn, *args, **kwargs)
        _jobs.add(job)
        return job

    concurrent.futures.ThreadPoolExecutor.submit = submit  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        concurrent.futures.ThreadPoolExecutor.submit = original  # type: ignore[method-assign]


def park(ident: int) -> None:
    """Declare that a thread waits for the check itself, so that it does not hold the clock."""
    _parked.add(ident)


def unpark(ident: int) -> None:
    """Declare that a parked thread has been let go; to be said by whoever lets it go, before doing so."""
    _parked.discard(ident)


class Outside:
    """Everything outside one event loop that was not there before it."""

    def __init__(self) -> None:
        self._before = weakref.WeakSet(threading.enumerate())

    def busy(self) -> bool:
        """Tell whether anything outside the calling thread may still act on its own."""
        others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
        if not others:
            return _child_processes_run([])
        frames = sys._current_frames()
        busy = any(self._runs(thread, frames) for thread in others)
        return busy or _job_on_its_way(frames) or _child_processes_run(others)

    def stuck(self, loop_thread: threading.Thread) -> bool:
        """Tell, from another thread, whether the loop's thread waits for somebody who can never come."""
        return waits_for_another(loop_thread) and not self.busy()

    def threads(self) -> list[threading.Thread]:
        """Return the live threads that came up since, without idle or finished workers of thread pools."""
        frames = sys._current_frames()
        return [
            thread
            for thread in threading.enumerate()
            if thread not in self._before
            and thread is not threading.current_thread()
            and not (_is_pool_worker(thread) and _innermost(thread, frames) is _POOL_WORKER)
        ]

    def _runs(self, thread: threading.Thread, frames: dict[int, FrameType]) -> bool:
        if thread.ident in _parked:
            return False
        if isinstance(thread, _PROCESS_POOL_THREAD):
            return _process_pool_runs(thread, frames)
        if not _is_pool_worker(thread) and thread in self._before:
            return False
        if _innermost(thread, frames) is _POOL_WORKER:
            return False
        return not waits_for_another(thread, frames)


def waits_for_another(thread: threading.Thread, frames: dict[int, FrameType] | None = None) -> bool:
    """Tell whether a thread sleeps until another one wakes it: an untimed wait that nobody has answered yet."""
    frames = sys._current_frames() if frames is None else frames
    frame = frames.get(thread.ident or 0)
    if frame is None:
        return False
    if frame.f_code is _CONDITION_WAIT:
        values = frame.f_locals
        waiter = values.get("waiter")
        if values.get("timeout") is not None or waiter is None:
            return False
        return waiter in values["self"]._waiters and waiter.locked()
    if frame.f_code is _JOIN_LOCK and frame.f_back is not None:
        frame = frame.f_back
    if frame.f_code is _THREAD_JOIN:
        return frame.f_locals.get("timeout") is None and frame.f_locals["self"].is_alive()
    return False


def _innermost(thread: threading.Thread, frames: dict[int, FrameType]) -> object:
    frame = frames.get(thread.ident or 0)
    return frame.f_code if frame is not None else None


def _is_pool_worker(thread: threading.Thread) -> bool:
    return thread in concurrent.futures.thread._threads_queues  # type: ignore[attr-defined]


def _job_on_its_way(frames: dict[int, FrameType]) -> bool:
    """Tell whether a thread pool holds a job that a worker has taken, or an idle worker is about to take."""
    queues: dict[int, Any] = {}
    idle: set[int] = set()
    for thread, queue in list(concurrent.futures.thread._threads_queues.items()):  # type: ignore[attr-defined]
        queues[id(queue)] = queue
        if thread.is_alive() and _innermost(thread, frames) is _POOL_WORKER:
            idle.add(id(queue))
    waiting = {key: queue.qsize() for key, queue in queues.items()}
    if any(waiting[key] for key in idle):
        return True
    # A job that is neither queued nor running was taken by a worker that has not begun it yet.
    taken = sum(1 for job in list(_jobs) if not job.done() and not job.running())
    return taken > sum(waiting.values())


def _process_pool_runs(thread: Any, frames: dict[int, FrameType]) -> bool:
    if thread.pending_work_items:
        return True
    frame = frames.get(thread.ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "wait_result_broken_or_wakeup":
            return False
        frame = frame.f_back
    return True


def _child_processes_run(others: list[threading.Thread]) -> bool:
    children = multiprocessing.active_children()
    if not children:
        return False
    pooled = {pid for t in others if isinstance(t, _PROCESS_POOL_THREAD) for pid in list(t.processes)}
    return any(child.pid not in pooled for child in children)
