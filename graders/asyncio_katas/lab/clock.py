"""A real event loop on a virtual clock: sleeping costs nothing, every time is exact, a standstill is a verdict.

It is the standard selector loop with a time of its own. Sockets, pipes, threads and processes stay real.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import selectors
from collections.abc import Callable, Mapping
from typing import Any

from asyncio_katas.lab.chains import describe_tasks
from asyncio_katas.lab.messages import CheckFailed, Message
from asyncio_katas.lab.outside import Outside

# Far above what any answer needs (hundreds), reached within a second by one that spins.
TURNS_WITHOUT_TIME = 20_000
TURNS_AT_ALL = 200_000
# How long the loop looks for I/O, in real seconds, before it looks again at what runs outside.
_GLANCE = 0.02
# What the kernel may need to hand a byte from one socket of this process to another.
_SOCKET_GRACE = 0.002

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
        self._subprocesses: list[asyncio.SubprocessTransport] = []
        self._on_standstill: list[Callable[[], bool]] = []
        self.outside = Outside()
        self.complaints: list[dict[str, Any]] = []
        super().__init__(_VirtualSelector(self))
        self._own_files = len(self._real_selector.get_map())
        self._clock_resolution = 1e-9
        self.set_exception_handler(lambda _, context: self.complaints.append(context))
        # The default pool's size depends on the machine; a check's outcome must not.
        self.set_default_executor(concurrent.futures.ThreadPoolExecutor(32, "loop-pool"))

    def time(self) -> float:
        """Return loop time in seconds."""
        return self._now

    def on_standstill(self, release: Callable[[], bool]) -> None:
        """Ask `release` before a standstill becomes a verdict; True means that it has set something going."""
        self._on_standstill.append(release)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
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
        while True:
            if self._outside_runs():
                events = real.select(_GLANCE)
                if events or self._ready:  # type: ignore[attr-defined]
                    return events
                continue
            # Whoever ended between the first look at the files and the look outside has left its wake-up here.
            events = real.select(0)
            if events or self._ready:  # type: ignore[attr-defined]
                return events
            if len(real.get_map()) > self._own_files:
                events = real.select(_SOCKET_GRACE if timeout is not None else _GLANCE)
                if events:
                    return events
                if timeout is None:
                    continue
            if timeout is not None:
                self._jump()
                return []
            if not any(release() for release in self._on_standstill):
                raise self._deadlock()

    @property
    def _real_selector(self) -> selectors.BaseSelector:
        return self._selector.real  # type: ignore[attr-defined,no-any-return]

    def _outside_runs(self) -> bool:
        running = [process for process in self._subprocesses if process.get_returncode() is None]
        self._subprocesses[:] = running
        return bool(running) or self.outside.busy()

    def _jump(self) -> None:
        self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        # Timers due at the same moment fire together, also where floats are coarser than a nanosecond.
        self._clock_resolution = max(1e-9, 2 * math.ulp(self._now))
        self._turns_at_this_time = 0
        self._judge_turns()

    def _judge_turns(self) -> None:
        if self._turns_at_this_time < TURNS_WITHOUT_TIME and self._turns < TURNS_AT_ALL:
            return
        if self._outside_runs():
            self._turns_at_this_time = 0
            self._turns = min(self._turns, TURNS_AT_ALL // 2)
            self._real_selector.select(_GLANCE / 10)
            return
        raise self._spinning()

    def _deadlock(self) -> Deadlock:
        tasks = asyncio.all_tasks(self)
        return Deadlock(
            Message.of(
                "Every task waits and nothing can wake them: at t={t} there is no timer, no I/O and no thread left.\n"
                "{tasks}",
                {"t": self._now, "tasks": describe_tasks(tasks)},
            ),
            Message("Look at what the last line of each chain waits for: who should wake it, and why did nobody?"),
        )

    def _spinning(self) -> Spinning:
        ready = {
            owner
            for handle in list(self._ready)  # type: ignore[attr-defined]
            if isinstance(owner := getattr(handle._callback, "__self__", None), asyncio.Task)
        }
        tasks = ready or asyncio.all_tasks(self)
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
        return Spinning(
            Message.of(template, {"turns": turns, "t": self._now, "tasks": describe_tasks(tasks)}),
            Message("Wait for the event itself (a future, an Event, a task) instead of polling for it."),
        )


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
