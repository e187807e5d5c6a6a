"""The check's side of one check: everything it watches the code under test with."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from asyncio_katas.lab.blocking import real_sleep
from asyncio_katas.lab.calls import Attempt, Call, Ending, ThreadCall
from asyncio_katas.lab.chains import Place, stack_line
from asyncio_katas.lab.clock import DEFAULT_POOL, VirtualLoop
from asyncio_katas.lab.hygiene import Hygiene, end_tasks
from asyncio_katas.lab.kernel import watch_sleep
from asyncio_katas.lab.outside import Outside
from asyncio_katas.lab.probes import Gate, Probe
from asyncio_katas.lab.rendezvous import ProcessGate, ThreadGate, Wait
from asyncio_katas.lab.timeline import Timeline

P = ParamSpec("P")
T = TypeVar("T")

# How many turns in a row must bring nothing before the loop counts as at rest.
_TURNS_OF_GRACE = 4
# Real seconds: how long a rendezvous with threads may take, and how long to look for what should not come.
_RENDEZVOUS_S = 30.0
# And how long all threads must have slept without any break to count as waiting for ever.
_ASLEEP_S = 4.0
_GRACE_S = 0.25


class Lab:
    """The check's side of one check: probes, calls, gates and the timeline they share."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.hygiene = Hygiene()
        # What a synchronous check starts; what an asynchronous one starts is its loop's business.
        self.outside = Outside()
        self.calls: list[Ending] = []
        self.blocked_at: list[Place | None] = []
        self.waits: list[Wait] = []
        self._process_gates: list[ProcessGate] = []
        self._watchers = 0
        self.ended = False
        self._loop: VirtualLoop | None = None
        self.loop_thread = threading.current_thread()

    @property
    def loop(self) -> VirtualLoop:
        """The check's event loop; also known to other threads once the check has used it."""
        if self._loop is None:
            running = asyncio.get_running_loop()
            assert isinstance(running, VirtualLoop)
            self._loop = running
        return self._loop

    @property
    def last_loop(self) -> VirtualLoop | None:
        """The loop the check has used last, if any."""
        return self._loop

    @property
    def now(self) -> float:
        """Loop time in seconds."""
        return self.loop.time()

    @property
    def last_moment(self) -> float:
        """Loop time when the check ended, or 0 where it never used the loop."""
        return self._loop.time() if self._loop else 0.0

    @property
    def timers(self) -> int:
        """How many timers are waiting to fire now."""
        return len(self.loop.timers())

    @property
    def timers_set(self) -> int:
        """How many timers have been set so far, on the whole."""
        return self.loop.timers_set

    def on_time(self, listener: Callable[[float], object]) -> None:
        """Have `listener` called with the loop time whenever it has moved, before anything else happens then."""
        self.loop.on_time.append(listener)

    def probe(
        self,
        fn: Callable[P, Awaitable[T]],
        *,
        name: str | None = None,
        label: Callable[P, str] | None = None,
        cleanup: float | Callable[P, float] = 0.0,
    ) -> Probe[P, T]:
        """Wrap an async function so that each of its runs is recorded.

        `cleanup` is how many seconds a cancelled run takes to clean up before it lets the cancellation out; a
        function of the run's arguments gives each run its own.
        """
        return Probe(self, fn, name or str(getattr(fn, "__name__", "call")), label, cleanup)

    def call(self, fn: Callable[..., Awaitable[Any]], /, *args: Any, **kwargs: Any) -> Call:
        """Start the function under test as a task of its own; `await` the result to see it end."""
        call = Call(self, fn, args, kwargs)
        self.calls.append(call)
        return call

    def attempt(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Attempt:
        """Call a synchronous function under test; whatever leaves it is in the result."""
        attempt = Attempt(fn, args, kwargs)
        self.calls.append(attempt)
        return attempt

    def in_thread(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> ThreadCall:
        """Call a synchronous function under test in a thread of its own; `join` the result to see it end."""
        call = ThreadCall(self, fn, args, kwargs)
        self.calls.append(call)
        return call

    def wait(self, condition: Callable[[], bool]) -> bool:
        """Wait, in a synchronous check, for what other threads bring about; False once it provably never will be so.

        Threads nobody can see through get half a minute of real time, and less where they sleep on and on.
        """
        return self._watch(condition, _RENDEZVOUS_S)

    def settle(self) -> None:
        """Wait, in a synchronous check, until all threads that came up meanwhile wait for somebody.

        Where threads cannot be seen through, a moment of real time has to do: it can only let a wrong answer off.
        """
        self._watch(lambda: False, _GRACE_S)

    def _watch(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        quiet, asleep_s = 0, watch_sleep()
        while not condition():
            quiet = 0 if self.outside.busy() else quiet + 1
            over = quiet == _TURNS_OF_GRACE or time.monotonic() > deadline
            if over or (asleep_s() > _ASLEEP_S and not self.outside.processes_run()):
                return condition()
            real_sleep(0.001)
        return True

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a part of a synchronous check on a virtual loop of its own, closed afterwards."""
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, VirtualLoop)
            self._loop = loop
            try:
                value = runner.run(main())
                failure = self.hygiene.verdict(self, loop)
            finally:
                self.timeline.keep()
                end_tasks(loop)
        if failure is not None:
            raise failure
        return value

    def gate(self) -> Gate:
        """Return a gate that coroutines wait at until the check opens it."""
        return Gate(self)

    def thread_gate(self) -> ThreadGate:
        """Return a gate that threads wait at until the check opens it; they do not hold the clock."""
        return ThreadGate(self)

    def process_gate(self) -> ProcessGate:
        """Return a gate that processes of a pool wait at until the check opens it; they do not hold the clock."""
        gate = ProcessGate(self)
        self._process_gates.append(gate)
        return gate

    async def pause(self, seconds: float) -> None:
        """Let loop time pass."""
        done = self.loop.create_future()
        timer = self.loop.call_later(seconds, done.set_result, None)
        try:
            await done
        finally:
            timer.cancel()

    def busy(self, seconds: float) -> None:
        """Keep the loop's thread busy for so much loop time, as a function does that computes: nothing else runs."""
        span = self.timeline.begin("busy", self.now)
        self.loop.advance(seconds)
        span.end, span.how = self.now, "returned"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that threads bring about: until it is so, or provably never will be.

        Virtual time moves only where nothing else can. Threads nobody can see through get half a minute of real time.
        """
        deadline = time.monotonic() + _RENDEZVOUS_S
        while not condition() and time.monotonic() < deadline:
            # Another part of the check that also waits is about to go on by itself.
            if await self._at_rest() and not self._watchers:
                due = self.loop.next_timer()
                if due is None:
                    return
                await self.pause(due - self.now)

    async def rest(self) -> None:
        """Wait until whatever runs, outside the loop and in it, has come to rest, without virtual time passing.

        Where threads cannot be seen through, a moment of real time has to do: it can only let a wrong answer off.
        """
        deadline = time.monotonic() + _GRACE_S
        while not await self._at_rest() and time.monotonic() < deadline:
            pass

    async def _at_rest(self) -> bool:
        """Give everybody a turn and a moment of real time; tell whether nothing can happen any more but timers."""
        self._watchers += 1
        try:
            for _ in range(_TURNS_OF_GRACE):
                await self.turns()
                if self.loop.outside.busy() or self.loop.ready_count() >= self._watchers:
                    real_sleep(0.001)
                    return False
            return True
        finally:
            self._watchers -= 1

    async def turns(self, count: int = 1) -> None:
        """Give every ready task at least this many turns, without time passing."""
        for _ in range(count):
            done = self.loop.create_future()
            self.loop.call_soon(done.set_result, None)
            await done

    def on_loop_thread(self) -> bool:
        """Tell whether the caller runs on the thread of the check's loop."""
        return threading.current_thread() is self.loop_thread

    def loop_answers(self) -> bool:
        """Ask the loop for an answer, from another thread, and wait for it; False means the loop is blocked.

        On the loop's own thread the answer is False at once, since nobody else could give it.
        """
        if self.on_loop_thread():
            self.note_block()
            return False
        wait = Wait(self)
        try:
            self.loop.call_soon_threadsafe(wait.release)
        except RuntimeError:
            # The loop is closed: the check has ended, and nobody waits for this answer.
            return True
        return wait.for_release()

    def left_outside(self) -> tuple[list[str], list[int]]:
        """Return the names of threads and the pids of processes that came up during the check and are still there.

        Idle pool workers count, those of the loop's default pool do not. Ask after a `rest`.
        """
        threads = [thread.name for thread in self.loop.outside.threads(idle_too=True)]
        own = [name for name in threads if not name.startswith(DEFAULT_POOL)]
        return own, [child.pid or 0 for child in multiprocessing.active_children()]

    def end(self) -> None:
        """Let everybody go that still waits for the check, and hold nobody from now on."""
        self.ended = True
        for wait in list(self.waits):
            wait.release()
        for gate in self._process_gates:
            gate.close()

    def note_block(self) -> None:
        """Remember where the loop's thread stands now, instead of answering."""
        self.blocked_at.append(stack_line(sys._current_frames().get(self.loop_thread.ident or 0)))
