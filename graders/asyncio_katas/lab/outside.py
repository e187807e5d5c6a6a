"""What runs outside the event loop: every thread, pool job and process that may still wake it.

The clock stands still while something outside runs real code, because only then is a wait for it not a matter of
how busy the machine is. The answer must never be "nothing" while a job is on its way, so it rests on states that
change in one step under the interpreter lock, never on how long something took.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import concurrent.futures.process
import concurrent.futures.thread
import inspect
import multiprocessing
import multiprocessing.connection
import selectors
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_POOL_WORKER = concurrent.futures.thread._worker.__code__
_CONDITION_WAIT = threading.Condition.wait.__code__
_THREAD_JOIN = threading.Thread.join.__code__
# Up to 3.12, join() without a timeout waits one frame deeper.
_JOIN_LOCK = getattr(getattr(threading.Thread, "_wait_for_tstate_lock", None), "__code__", None)
_PROCESS_POOL_THREAD = concurrent.futures.process._ExecutorManagerThread
_WORK_ITEM_RUN = concurrent.futures.thread._WorkItem.run.__code__
_LOOP_TURN = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]
_WAIT_FOR_RESULTS = _PROCESS_POOL_THREAD.wait_result_broken_or_wakeup.__code__

# Every job handed to a pool and not done yet, with the queue of its thread pool; None for a process pool.
_jobs: dict[concurrent.futures.Future[Any], Any] = {}
# Another object after each job that is handed in.
_latest = object()
# Threads that wait for the check itself, by ident, and processes that do, by pid.
_parked: set[int] = set()
_parked_processes: set[int] = set()


@contextmanager
def recorded() -> Iterator[None]:
    """Notice every job handed to a pool while the block runs, however it is submitted."""
    pools: tuple[Any, ...] = (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor)
    originals = [pool.submit for pool in pools]
    for pool in pools:
        pool.submit = _recording(pool.submit)
    try:
        yield
    finally:
        for pool, original in zip(pools, originals, strict=True):
            pool.submit = original


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        global _latest  # noqa: PLW0603 - an assignment is one step under the interpreter lock, a counter is not
        job = original(self, fn, *args, **kwargs)
        _jobs[job] = getattr(self, "_work_queue", None)
        job.add_done_callback(_forget)
        _latest = object()
        return job

    return submit


def _forget(job: concurrent.futures.Future[Any]) -> None:
    _jobs.pop(job, None)


def park(ident: int, process: int | None = None) -> None:
    """Declare that a thread waits for the check itself, for a pool's process maybe, so that neither holds the clock."""
    if process is not None:
        _parked_processes.add(process)
    _parked.add(ident)


def unpark(ident: int, process: int | None = None) -> None:
    """Declare that whoever was parked has been let go; to be said by whoever lets them go, before doing so."""
    if process is not None:
        _parked_processes.discard(process)
    _parked.discard(ident)


@contextmanager
def parked(ident: int) -> Iterator[None]:
    """Hold a thread for parked as long as the block lasts."""
    park(ident)
    try:
        yield
    finally:
        unpark(ident)


class _Look:
    """Where every other thread stood at one moment, and which jobs were unfinished just before it.

    Only what ran at that moment can have changed anything since, so nothing runs if nothing ran then.
    """

    def __init__(self) -> None:
        self._latest = _latest
        self.jobs = dict(_jobs)
        self.frames = _other_frames()
        # In this order: a thread that was started since has no frame, and counts as running.
        self.threads = threading.enumerate()

    def is_current(self) -> bool:
        """Tell whether no job was handed in since."""
        return self._latest is _latest

    def frame(self, thread: threading.Thread) -> FrameType | None:
        return self.frames.get(thread.ident or 0)

    def is_idle(self, thread: threading.Thread) -> bool:
        """Tell whether a pool worker stood between two jobs."""
        frame = self.frame(thread)
        return frame is not None and frame.f_code is _POOL_WORKER and _is_pool_worker(thread)

    def unlisted(self) -> set[int]:
        """Return the threads that were started below `threading`, or have ended since."""
        return self.frames.keys() - {thread.ident for thread in self.threads}


class Outside:
    """Everything outside one event loop that was not there before it."""

    def __init__(self) -> None:
        look = _Look()
        self._before = weakref.WeakSet(look.threads)
        self._unlisted_before = look.unlisted()
        self._jobs_before = weakref.WeakSet(look.jobs)
        self._children_before = weakref.WeakSet(_children())

    def busy(self) -> bool:
        """Tell whether anything outside the calling thread may still act on its own."""
        return self._busy(_Look())

    def stuck(self, loop_thread: threading.Thread) -> bool:
        """Tell, from another thread, whether the loop's thread waits for somebody who can never come."""
        look = _Look()
        return waits_for_another(loop_thread, look.frames) and not self._busy(look)

    def _busy(self, look: _Look) -> bool:
        return (
            any(self._runs(thread, look) for thread in look.threads)
            or bool(look.unlisted() - self._unlisted_before)
            or _job_on_its_way(look)
            or self._processes_run(look)
            or not look.is_current()
        )

    def processes_run(self) -> bool:
        """Tell whether another process may still act on its own."""
        return self._processes_run(_Look())

    def _processes_run(self, look: _Look) -> bool:
        return self._process_jobs(look) > len(_parked_processes) or self._child_processes_run(look.threads)

    def threads(self, *, idle_too: bool = False) -> list[threading.Thread]:
        """Return the live threads that came up since; idle workers of thread pools only with `idle_too`."""
        frames = _other_frames()
        return [
            thread
            for thread in threading.enumerate()
            if thread not in self._before
            and thread is not threading.current_thread()
            and (idle_too or not (_is_pool_worker(thread) and _innermost(thread, frames) is _POOL_WORKER))
        ]

    def _runs(self, thread: threading.Thread, look: _Look) -> bool:
        if thread is threading.current_thread() or thread.ident in _parked:
            return False
        if isinstance(thread, _PROCESS_POOL_THREAD):
            return _process_pool_runs(thread, look.frames)
        if not _is_pool_worker(thread):
            return thread not in self._before and not waits_for_another(thread, look.frames)
        if look.is_idle(thread):
            return _is_leaving(thread)
        return not self._is_of_before(_job_of(look.frame(thread)), look) and not waits_for_another(thread, look.frames)

    def _process_jobs(self, look: _Look) -> int:
        """Count the jobs of process pools; where as many processes are parked, none of them gets anywhere."""
        return sum(queue is None and job not in self._jobs_before for job, queue in look.jobs.items())

    def _is_of_before(self, job: concurrent.futures.Future[Any] | None, look: _Look) -> bool:
        """Tell whether a job is older than the loop, and no younger one waits behind it."""
        if job is None or job not in self._jobs_before:
            return False
        own = look.jobs.get(job)
        return all(other in self._jobs_before for other, queue in look.jobs.items() if queue is own)

    def _child_processes_run(self, threads: list[threading.Thread]) -> bool:
        pooled = {pid for t in threads if isinstance(t, _PROCESS_POOL_THREAD) for pid in list(t.processes)}
        own = (c for c in _children() if c.pid not in pooled and c not in self._children_before)
        return any(_process_runs(child) for child in own)


def waits_for_another(thread: threading.Thread, frames: dict[int, FrameType] | None = None) -> bool:
    """Tell whether a thread sleeps until another one wakes it: an untimed wait that nobody has answered yet."""
    frames = _other_frames() if frames is None else frames
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
        # A thread in its last moments is no longer listed, but not joined yet either.
        other = frame.f_locals["self"]
        return frame.f_locals.get("timeout") is None and other.is_alive() and other in threading.enumerate()
    return _is_sleeping_loop(thread, frame)


def _is_sleeping_loop(thread: threading.Thread, frame: FrameType) -> bool:
    """Tell whether a thread runs a standard event loop that only another thread can wake: no timer, file or call."""
    turn = frame.f_back
    if frame.f_code.co_filename != selectors.__file__ or turn is None or turn.f_code is not _LOOP_TURN:
        return False
    values = turn.f_locals
    selector, own = getattr(values["self"], "_selector", None), getattr(values["self"], "_ssock", None)
    if values.get("timeout", 0) is not None or selector is None or own is None:
        return False
    try:
        if len(selector.get_map() or ()) != 1 or multiprocessing.connection.wait([own], 0):
            return False
    except (OSError, ValueError):
        # Closed under our eyes.
        return False
    # The same frame as before: it has slept all the while, so nobody has called between the two looks.
    return sys._current_frames().get(thread.ident or 0) is frame


def _other_frames() -> dict[int, FrameType]:
    """Return what each other thread is doing. The caller's own frame would make the result refer to itself."""
    frames = sys._current_frames()
    del frames[threading.get_ident()]
    return frames


def _innermost(thread: threading.Thread, frames: dict[int, FrameType]) -> object:
    frame = frames.get(thread.ident or 0)
    return frame.f_code if frame is not None else None


def _is_pool_worker(thread: threading.Thread) -> bool:
    return thread in concurrent.futures.thread._threads_queues


def _job_on_its_way(look: _Look) -> bool:
    """Tell whether an idle worker is about to take a job, or has taken one that it has not begun yet.

    A job that waits while all workers of its pool are at work is their affair.
    """
    if not look.jobs:
        return False
    workers = [thread for thread in look.threads if _is_pool_worker(thread)]
    begun = {_job_of(look.frame(worker)) for worker in workers}
    if _is_pool_worker(threading.current_thread()):
        # A look leaves out whoever looks, which is a worker at its job.
        begun.add(_job_of(inspect.currentframe()))
    queues = concurrent.futures.thread._threads_queues
    idle = [queues.get(worker) for worker in workers if look.is_idle(worker)]
    return any(queue in idle for job, queue in look.jobs.items() if job not in begun)


def _job_of(frame: FrameType | None) -> concurrent.futures.Future[Any] | None:
    """Return the job a pool's worker is at."""
    while frame is not None:
        if frame.f_code is _WORK_ITEM_RUN:
            return getattr(frame.f_locals.get("self"), "future", None)
        frame = frame.f_back
    return None


def _is_leaving(worker: Any) -> bool:
    """Tell whether a pool's worker has been told to end: it looks idle until the very last moment."""
    # Read in one step: a thread deletes them when it ends.
    arguments = getattr(worker, "_args", None)
    executor = arguments[0]() if arguments else None
    return executor is None or executor._shutdown


def _process_pool_runs(thread: Any, frames: dict[int, FrameType]) -> bool:
    """Tell whether a process pool's thread, apart from jobs, has anything to react to."""
    if not _waits_for_results(frames.get(thread.ident or 0)):
        return True
    if thread.is_shutting_down() and not thread.pending_work_items:
        return True
    try:
        wakers = [thread.thread_wakeup._reader, thread.result_queue._reader]
        wakers += [process.sentinel for process in list(thread.processes.values())]
        return bool(multiprocessing.connection.wait(wakers, 0))
    except (OSError, ValueError):
        # Closed under our eyes: the pool is on its way out.
        return True


def _waits_for_results(frame: FrameType | None) -> bool:
    if frame is None or frame.f_code.co_filename != selectors.__file__:
        return False
    while frame is not None:
        if frame.f_code is _WAIT_FOR_RESULTS:
            return True
        frame = frame.f_back
    return False


def _children() -> list[Any]:
    # Not active_children(): that takes the exit code away from whoever is about to join.
    return list(multiprocessing.process._children)  # type: ignore[attr-defined]


def _process_runs(child: Any) -> bool:
    try:
        return not multiprocessing.connection.wait([child.sentinel], 0)
    except (OSError, ValueError):
        # Closed under our eyes: it has ended.
        return False
