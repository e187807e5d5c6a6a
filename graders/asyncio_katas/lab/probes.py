"""What a check hands to the code under test, and how it watches the call: everything records, nothing raises."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import multiprocessing
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, ParamSpec, TypeVar

from asyncio_katas.lab.chains import Place, answer_line, place_of
from asyncio_katas.lab.clock import DEFAULT_POOL, VirtualLoop, owner
from asyncio_katas.lab.hygiene import Hygiene, end_tasks
from asyncio_katas.lab.limits import LimitFired
from asyncio_katas.lab.messages import expect, fail, same, show
from asyncio_katas.lab.outside import park, unpark
from asyncio_katas.lab.timeline import Mark, Span, Timeline

P = ParamSpec("P")
T = TypeVar("T")

# How many turns something may take to leave after it was told to: cancelling an idle worker takes two.
_TURNS_OF_GRACE = 4
# How often a parked thread looks whether the loop can still answer, in real seconds.
_GLANCE = 0.02
# Real seconds: how long a rendezvous with threads may take, and how long to look for what should not come.
_RENDEZVOUS_S = 30.0
_GRACE_S = 0.25


class Lab:
    """The check's side of one check: probes, calls, gates and the timeline they share."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self.hygiene = Hygiene()
        self.calls: list[Call] = []
        self.blocked_at: list[Place | None] = []
        self._waits: list[_Wait] = []
        self._watchers = 0
        self._ended = False
        self._loop: VirtualLoop | None = None
        self._loop_thread = threading.current_thread()

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
        return Probe(self, fn, name or getattr(fn, "__name__", "call"), label, cleanup)

    def call(self, fn: Callable[..., Awaitable[Any]], /, *args: Any, **kwargs: Any) -> Call:
        """Start the function under test as a task of its own; `await` the result to see it end."""
        call = Call(self, fn, args, kwargs)
        self.calls.append(call)
        return call

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

    async def pause(self, seconds: float) -> None:
        """Let loop time pass."""
        done = self.loop.create_future()
        timer = self.loop.call_later(seconds, done.set_result, None)
        try:
            await done
        finally:
            timer.cancel()

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
                    time.sleep(0.001)
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
        return threading.current_thread() is self._loop_thread

    def loop_answers(self) -> bool:
        """Ask the loop for an answer, from another thread, and wait for it; False means the loop is blocked.

        On the loop's own thread the answer is False at once, since nobody else could give it.
        """
        if self.on_loop_thread():
            self._note_block()
            return False
        wait = _Wait(self)
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
        """Let every thread go that still waits for the check, and hold nobody from now on."""
        self._ended = True
        for wait in list(self._waits):
            wait.release()

    def _note_block(self) -> None:
        frame = sys._current_frames().get(self._loop_thread.ident or 0)
        places = []
        while frame is not None:
            places.append(place_of(frame))
            frame = frame.f_back
        self.blocked_at.append(answer_line(reversed(places)))


class _Wait:
    """One thread's wait for the check: over when released, or when the loop can provably never release it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._released = threading.Event()
        self._ident = threading.get_ident()
        lab._waits.append(self)

    def release(self) -> None:
        unpark(self._ident)
        self._released.set()

    def for_release(self) -> bool:
        lab = self._lab
        park(self._ident)
        if self._released.is_set() or lab._ended:
            unpark(self._ident)
            return True
        try:
            while not self._released.wait(_GLANCE):
                if lab.loop.outside.stuck(lab._loop_thread):
                    lab._note_block()
                    return False
            return True
        finally:
            unpark(self._ident)


class ThreadGate:
    """A gate for threads, opened by the check."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._open = False
        self._waits: list[_Wait] = []
        self._loop = lab.loop

    def wait(self) -> bool:
        """Block the calling thread until the gate opens; False when it runs on the loop's thread or the loop is stuck."""
        if self._lab.on_loop_thread():
            self._lab._note_block()
            return False
        with self._lock:
            if self._open:
                return True
            wait = _Wait(self._lab)
            self._waits.append(wait)
        return wait.for_release()

    def open(self) -> None:
        """Let everybody through, from now on."""
        with self._lock:
            self._open = True
            waits = list(self._waits)
        for wait in waits:
            wait.release()


class Gate:
    """A gate for coroutines, opened by the check: `await gate`."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._open = False
        self._waiters: list[asyncio.Future[None]] = []

    def open(self) -> None:
        """Let everybody through, from now on."""
        self._open = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def __await__(self) -> Generator[Any, None, None]:
        if not self._open:
            waiter: asyncio.Future[None] = self._lab.loop.create_future()
            self._waiters.append(waiter)
            yield from waiter.__await__()


class Probe(Generic[P, T]):
    """An async collaborator that records each of its runs."""

    def __init__(
        self,
        lab: Lab,
        fn: Callable[P, Awaitable[T]],
        name: str,
        label: Callable[P, str] | None,
        cleanup: float | Callable[P, float],
    ) -> None:
        self.spans: list[Span] = []
        self.args: list[tuple[Any, ...]] = []
        self.peak = 0
        self.peak_at = 0.0
        self._lab = lab
        self._fn = fn
        self._name = name
        self._label = label
        self._cleanup = cleanup
        self._running = 0

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        """Return a coroutine under the name of the wrapped function, so that messages speak of that."""
        run = self._run(*args, **kwargs)
        run.__qualname__ = run.__name__ = self._name
        return run

    async def _run(self, *args: P.args, **kwargs: P.kwargs) -> T:
        lab = self._lab
        span = self._begin(args, kwargs)
        try:
            value = await self._fn(*args, **kwargs)
        except asyncio.CancelledError:
            span.how, span.cleanup = "cancelled", lab.now
            span.cancels += 1
            try:
                seconds = self._cleanup(*args, **kwargs) if callable(self._cleanup) else self._cleanup
                if seconds:
                    await lab.pause(seconds)
            except asyncio.CancelledError:
                span.cancels += 1
            raise
        except BaseException:
            span.how = "raised"
            raise
        else:
            span.how = "returned"
            return value
        finally:
            span.end = lab.now
            self._running -= 1

    def _begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span:
        span = self._lab.timeline.begin(self._text(args, kwargs), self._lab.now)
        self.spans.append(span)
        self.args.append(args)
        self._running += 1
        if self._running > self.peak:
            self.peak, self.peak_at = self._running, span.start
        return span

    def _text(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        if self._label:
            try:
                label: Any = self._label(*args, **kwargs)
            except BaseException:  # noqa: BLE001 - wrong arguments are for the wrapped function to refuse
                return _label(self._name, args)
            return label if type(label) is str else show(label)
        return _label(self._name, args)

    @property
    def running(self) -> int:
        """How many runs are in flight now, those cleaning up included."""
        return self._running

    @property
    def started(self) -> int:
        """How many runs have begun so far."""
        return len(self.spans)

    def ended(self, how: str) -> list[Span]:
        """Return the runs that ended this way: returned, raised or cancelled."""
        return [span for span in self.spans if span.over and span.how == how]


def _label(name: str, args: tuple[Any, ...]) -> str:
    return f"{name} {' '.join(a if type(a) is str else show(a) for a in args)}".strip()


class Call:
    """One call of the function under test, running as a task of its own; never raises into the check."""

    def __init__(self, lab: Lab, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.name = getattr(fn, "__qualname__", None) or type(fn).__name__
        self.value: Any = None
        self.error: BaseException | None = None
        self.began = lab.now
        self.ended: float | None = None
        self.left_behind: list[asyncio.Task[Any]] = []
        self._lab = lab
        self._over: asyncio.Future[None] = lab.loop.create_future()
        self._awaitable = _invoke(self.name, fn, args, kwargs)
        self._span = lab.timeline.begin(self.name, self.began)
        context = contextvars.copy_context()
        context.run(owner.set, self)
        self._task = lab.loop.create_task(self._run(), name=self.name, context=context)

    async def _run(self) -> None:
        try:
            self.value = await self._awaitable
            self._span.how = "returned"
        except LimitFired:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever leaves the call is what the check looks at
            self.error = error
            self._span.how = "cancelled" if isinstance(error, asyncio.CancelledError) else "raised"
        self._span.end = self.ended = self._lab.now
        self._awaitable = None
        self._settle(self._lab.loop.tasks_of(self) - {self._task}, _TURNS_OF_GRACE)

    def _settle(self, left: set[asyncio.Task[Any]], turns: int) -> None:
        if left and turns:
            self._lab.loop.call_soon(self._settle, left, turns - 1)
            return
        self.left_behind = [task for task in left if not task.done()]
        if not self._over.done():
            self._over.set_result(None)

    def __await__(self) -> Generator[Any, None, Call]:
        if not self._over.done():
            yield from self._over.__await__()
        return self

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.ended is not None

    @property
    def happened(self) -> str:
        """What came of the call, in words."""
        return f"returned {show(self.value)}" if self.error is None else f"raised {show(self.error)}"

    def cancel(self) -> None:
        """Cancel the caller, as asyncio cancels whoever awaits the function under test."""
        self._task.cancel()

    def raise_crash(self) -> None:
        """Raise the call's exception into the check, for a call that was expected to return."""
        if self.error is not None:
            raise self.error

    def expect_value(self, expected: object, template: str = "", /, *, look: str = "", **values: object) -> None:
        """Expect the call to have returned exactly this value, in type too."""
        __tracebackhide__ = True
        self.raise_crash()
        if not same(self.value, expected):
            fail(
                template or "{call} returned {actual}, expected {expected}.",
                look=look,
                **{"call": self.name, "actual": show(self.value), "expected": show(expected), **values},
            )

    def expect_error(
        self,
        expected: BaseException | type[BaseException],
        template: str = "",
        /,
        *,
        look: str = "",
        **values: object,
    ) -> None:
        """Expect this very exception object, or any exception of this class, to have left the call."""
        __tracebackhide__ = True
        error = self.error
        if isinstance(error, NotImplementedError):
            raise error
        matches = isinstance(error, expected) if isinstance(expected, type) else error is expected
        if matches:
            return
        fail(
            template or "{call} {happened}, expected {expected} to leave it.",
            look=look,
            mark=Mark(self.ended or 0.0, self.happened),
            **{"call": self.name, "happened": self.happened, "expected": show(expected), **values},
        )


def _invoke(name: str, fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function under test, and explain a signature or a result that cannot be what the contract says."""
    __tracebackhide__ = True
    try:
        inspect.signature(fn).bind(*args, **kwargs)
    except TypeError as error:
        shown = ", ".join([_argument(a) for a in args] + [f"{k}={_argument(v)}" for k, v in kwargs.items()])
        fail(
            "{name} cannot be called as {name}({shown}): {why}.",
            look="Its signature is part of the task. It must stay what the stub gave; yours is {name}{signature}.",
            name=name,
            shown=shown,
            why=str(error),
            signature=str(inspect.signature(fn)),
        )
    except ValueError:
        pass
    awaitable = fn(*args, **kwargs)
    expect(
        inspect.isawaitable(awaitable),
        "{name} returned {value} instead of something to await.",
        look="It must be an `async def`, and its body must run only when it is awaited.",
        name=name,
        value=show(awaitable),
    )
    return awaitable


def _argument(value: object) -> str:
    if isinstance(value, Probe):
        return value._name
    return getattr(value, "__name__", None) or show(value)
