"""A real event loop on a virtual clock: sleeping costs nothing, every time is exact, a standstill is a verdict.

It is the standard selector loop with a time of its own. Sockets, pipes, threads and processes stay real.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import heapq
import math
import selectors
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from asyncio_katas.lab.chains import Place, describe_callback, describe_tasks, stack_line
from asyncio_katas.lab.messages import CheckFailed, Message
from asyncio_katas.lab.outside import Outside
from asyncio_katas.lab.timeline import Mark

# What the threads of the loop's default pool are called.
DEFAULT_POOL = "loop-pool"
# What the loop reports itself; everything else it complains of is in the words of asyncio.
USED_FROM_ANOTHER_THREAD = "used from another thread"
# Far above what any answer needs (hundreds), reached within a second by one that spins.
TURNS_WITHOUT_TIME = 20_000
TURNS_AT_ALL = 200_000
# What a job that has just ended may need until whoever polls for it has noticed.
_TURNS_OF_GRACE = 1_000
# How long the loop looks for I/O, in real seconds, before it looks again at what runs outside.
_GLANCE = 0.02
# What the kernel may need to hand a byte from one socket of this process to another.
_SOCKET_GRACE = 0.002

# Whoever sets this in a context owns the tasks that are created there.
owner: ContextVar[object] = ContextVar("owner", default=None)

_Events = list[tuple[selectors.SelectorKey, int]]


class Deadlock(CheckFailed):
    """Every task waits, and nothing that could wake one is left."""


class Spinning(CheckFailed):
    """The loop keeps turning, and nothing ever comes of it."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` starts at 0 and jumps to the next timer as soon as nothing can run."""

    def __init__(self) -> None:
        self._now = 0.0
        self._turns = 0
        self._turns_at_this_time = 0
        self._in_grace = False
        self.timers_set = 0
        self.on_time: list[Callable[[float], object]] = []
        self._subprocesses: list[asyncio.SubprocessTransport] = []
        self._owners: weakref.WeakKeyDictionary[asyncio.Task[Any], object] = weakref.WeakKeyDictionary()
        self.outside = Outside()
        self.complaints: list[dict[str, Any]] = []
        self.blocking: list[Place] = []
        super().__init__(_VirtualSelector(self))
        self._own_files = len(self._real_selector.get_map())
        self._clock_resolution = 1e-9
        self.set_exception_handler(lambda _, context: self.complaints.append(context))
        # The default pool's size depends on the machine; a check's outcome must not.
        self.set_default_executor(concurrent.futures.ThreadPoolExecutor(32, DEFAULT_POOL))

    def time(self) -> float:
        """Return loop time in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass at once, as it does while a callback keeps the loop's thread busy; no timer fires meanwhile."""
        self._move_to(self._now + seconds)

    # The library's type ties the callback to its arguments, which cannot be said here any better.
    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> _Timer:
        """Set a timer; those of the same moment fire in the order in which they were set."""
        self._check_closed()  # type: ignore[attr-defined]
        timer = _Timer(when, callback, args, self, context)
        self.timers_set += 1
        timer.number = self.timers_set
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """Schedule a callback, and note down a call from another thread: a sleeping loop would not notice it."""
        # Set while the loop runs. The noted call is honoured: the check judges it when the code is done.
        if self._thread_id not in (None, threading.get_ident()):  # type: ignore[attr-defined]
            self.complaints.append({"message": USED_FROM_ANOTHER_THREAD, "place": stack_line(sys._getframe(1))})
        return super().call_soon(callback, *args, context=context)

    def create_task(self, coro: Any, **kwargs: Any) -> Any:
        """Create a task, and remember on whose behalf: the value of `owner` in the context it runs in."""
        task = super().create_task(coro, **kwargs)
        context = kwargs.get("context")
        self._owners[task] = owner.get() if context is None else context.get(owner)
        return task

    def tasks_of(self, whose: object) -> set[asyncio.Task[Any]]:
        """Return the unfinished tasks that were created on somebody's behalf, however indirectly."""
        owners = self._owners
        return {task for task in asyncio.all_tasks(self) if owners.get(task) is whose}

    def next_timer(self) -> float | None:
        """Return when the next timer is due, or None without any."""
        return min((timer.when() for timer in self.timers()), default=None)

    def timers(self) -> list[Any]:
        """Return the timers that are still to fire."""
        return [timer for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]

    def ready_count(self) -> int:
        """Return how many callbacks are ready to run, besides the one that is running."""
        return len(self._ready)  # type: ignore[attr-defined]

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Let the default pool go without waiting for jobs that may never end."""
        executor = self._default_executor  # type: ignore[attr-defined]
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    async def _make_subprocess_transport(self, *args: Any, **kwargs: Any) -> asyncio.SubprocessTransport:
        transport: asyncio.SubprocessTransport = await super()._make_subprocess_transport(*args, **kwargs)  # type: ignore[misc]
        self._subprocesses.append(transport)
        return transport

    def select(self, timeout: float | None) -> _Events:
        """Wait as the loop asks for: for real while anything outside runs, else by moving the clock."""
        real = self._real_selector
        events = real.select(0)
        self._turns += 1
        self._turns_at_this_time += 1
        if events or timeout == 0:
            self._judge_turns()
            return events
        if timeout is not None and math.isinf(self._scheduled[0].when()):  # type: ignore[attr-defined]
            timeout = None
        while True:
            if self._outside_runs():
                seconds = _GLANCE
            elif len(real.get_map()) > self._own_files:
                seconds = _GLANCE if timeout is None else _SOCKET_GRACE
            else:
                # Whoever ended between the first look at the files and the look outside has left its wake-up here.
                seconds = 0
            events = real.select(seconds)
            if events or self._ready:  # type: ignore[attr-defined]
                return events
            if seconds != _GLANCE:
                break
        if timeout is None:
            raise self._deadlock()
        self._jump()
        return []

    @property
    def _real_selector(self) -> selectors.BaseSelector:
        return self._selector.real  # type: ignore[attr-defined,no-any-return]

    def _outside_runs(self) -> bool:
        running = [process for process in self._subprocesses if process.get_returncode() is None]
        self._subprocesses[:] = running
        return bool(running) or self.outside.busy()

    def _jump(self) -> None:
        self._move_to(self._scheduled[0].when())  # type: ignore[attr-defined]
        self._judge_turns()

    def _move_to(self, moment: float) -> None:
        self._now = max(self._now, moment)
        # Timers due at the same moment fire together, also where floats are coarser than a nanosecond.
        self._clock_resolution = max(1e-9, 2 * math.ulp(self._now))
        self._turns_at_this_time = 0
        for listener in self.on_time:
            listener(self._now)

    def _judge_turns(self) -> None:
        if self._turns_at_this_time < TURNS_WITHOUT_TIME and self._turns < TURNS_AT_ALL:
            return
        if self._outside_runs():
            self._turns_at_this_time = 0
            self._turns = min(self._turns, TURNS_AT_ALL // 2)
            self._in_grace = False
            self._real_selector.select(_GLANCE / 10)
            return
        if not self._in_grace:
            # Whoever ended since the last look at the files has left a wake-up that is not delivered yet.
            self._in_grace = True
            self._turns -= _TURNS_OF_GRACE
            self._turns_at_this_time -= _TURNS_OF_GRACE
            return
        self._in_grace = False
        raise self._spinning()

    def _deadlock(self) -> Deadlock:
        tasks = asyncio.all_tasks(self)
        return Deadlock(
            Message.of(
                "Every task waits and nothing can wake them: at t={t} there is no timer, no I/O and no thread left.\n"
                "{tasks}",
                {"t": self._now, "tasks": describe_tasks(tasks) or ""},
            ),
            Message("Look at what the last line of each chain waits for: who should wake it, and why did nobody?"),
            Mark(self._now, "everything stands still"),
        )

    def _spinning(self) -> Spinning:
        still = self._turns_at_this_time >= TURNS_WITHOUT_TIME
        self._turns = self._turns_at_this_time = 0
        template = (
            "The loop turned {turns} times while the clock stood at t={t}: something waits by asking again and again.\n"
            "{tasks}"
            if still
            else "The loop turned {turns} times and still no end at t={t}: something repeats without ever finishing.\n"
            "{tasks}"
        )
        turns = TURNS_WITHOUT_TIME if still else TURNS_AT_ALL
        tasks = self._describe_spinners(just_jumped=not still)
        return Spinning(
            Message.of(template, {"turns": turns, "t": self._now, "tasks": tasks}),
            Message("Wait for the event itself (a future, an Event, a task) instead of polling for it."),
            Mark(self._now, "the clock stands still" if still else "still no end"),
        )

    def _describe_spinners(self, *, just_jumped: bool) -> Message | str:
        ready = list(self._ready)  # type: ignore[attr-defined]
        handles = ready or (self._scheduled[:1] if just_jumped else [])  # type: ignore[attr-defined]
        waiting = asyncio.all_tasks(self)
        tasks = {task for handle in handles for task in _woken_by(handle, waiting)}
        callbacks = [text for handle in handles if (text := describe_callback(handle._callback))]
        return Message.joined(callbacks) if callbacks else describe_tasks(tasks or waiting) or ""


class _Timer(asyncio.TimerHandle):
    number = 0

    def __lt__(self, other: Any) -> bool:
        return (self.when(), self.number) < (other.when(), other.number)


def _woken_by(handle: Any, tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    owner = getattr(handle._callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return {owner}
    # The timer of a sleep sets the future that the sleeper waits for.
    return {task for task in tasks if any(task._fut_waiter is value for value in handle._args or ())}  # type: ignore[attr-defined]


class _VirtualSelector(selectors.BaseSelector):
    """The platform's selector, with the wait itself left to the loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self.real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.real.modify(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self.real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self.real.get_map()

    def close(self) -> None:
        self.real.close()

    def select(self, timeout: float | None = None) -> _Events:
        return self._loop.select(timeout)
