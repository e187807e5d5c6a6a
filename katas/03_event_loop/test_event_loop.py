"""Checks of kata 03. Loops and threads are real here: coroutines and calls meet the check, no check measures time."""

import asyncio
import contextlib
import inspect
import sys
import threading
import warnings
from collections.abc import AsyncGenerator, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any

import event_loop as kata
import pytest

from asyncio_katas.lab import Attempt, Lab, Message, ThreadCall, expect, show

# Real threads may start slowly on a busy machine. Only an answer that never ends pays for this.
pytestmark = pytest.mark.timeout(60)


OWN_TIMEOUT = "An `except TimeoutError` around result() catches the coroutine's own one too. Whose is it?"
NEVER_BACK = "run was called with a coroutine that ends by itself, and never came back{where}"
WAKE = (
    "A sleeping loop does not notice what another thread puts into it. Which functions are made for that, and wake it?"
)


class ReadTimeoutError(TimeoutError):
    """What clients raise when their own time limit is over."""


class Door:
    """Where coroutines of any loop, in any thread, wait until the check opens."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self._waiting: list[Future[None]] = []

    async def enter(self, name: str = "") -> str:
        """Arrive, and wait; the value tells who it was."""
        waiting: Future[None] = Future()
        self._waiting.append(waiting)
        self.arrived.append(name)
        await asyncio.wrap_future(waiting)
        return name.upper()

    def open(self) -> None:
        """Let everybody go who has arrived."""
        waiters, self._waiting = self._waiting, []
        for waiting in waiters:
            if waiting.set_running_or_notify_cancel():
                waiting.set_result(None)


@contextmanager
def background(lab: Lab) -> Iterator[kata.BackgroundLoop]:
    """Use a BackgroundLoop as a context manager, in a thread of its own, so that a check never waits for ever."""
    entered: list[kata.BackgroundLoop] = []
    leave = threading.Event()

    def block() -> None:
        with kata.BackgroundLoop() as made:
            entered.append(made)
            leave.wait()

    block.__qualname__ = "with BackgroundLoop()"
    user = lab.in_thread(block)
    try:
        lab.wait(lambda: bool(entered) or user.over)
        if not entered:
            user.join("Entering `with BackgroundLoop()` never came to an end{where}").raise_crash()
        yield entered[0]
    finally:
        leave.set()
    user.join("Leaving `with BackgroundLoop()` never came to an end{where}", look=WAKE).raise_crash()
    # Whether close has waited for the thread is a question of its own; whether the thread ends at all is seen here.
    lab.wait(lambda: not lab.outside.threads())


def run(lab: Lab, loop: kata.BackgroundLoop, coro: Coroutine[Any, Any, object], **timeout: float) -> ThreadCall:
    """Call `run` in a thread of its own and wait for it, for a coroutine that comes to an end by itself."""
    return lab.in_thread(loop.run, coro, **timeout).join(
        NEVER_BACK,
        look=WAKE,
    )


def is_alive(thread: threading.Thread) -> bool:
    """Tell whether a thread still runs, whatever it was started by."""
    return thread in threading.enumerate() and thread.ident in sys._current_frames()


def is_closed(coroutine: Coroutine[Any, Any, object]) -> bool:
    """Tell whether a coroutine has come to its end, in whatever way."""
    return inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


@pytest.mark.task(1)
def test_current_loop_tells_what_runs_here(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """current_loop: the running loop, in coroutines and callbacks; None where none runs; no new loop, no warning."""
    made: list[asyncio.BaseEventLoop] = []
    original = asyncio.BaseEventLoop.__init__

    def noted(self: asyncio.BaseEventLoop) -> None:
        made.append(self)
        original(self)

    async def inside() -> None:
        loop = asyncio.get_running_loop()
        here = lab.attempt(kata.current_loop)
        called = loop.create_future()
        loop.call_soon(lambda: called.set_result(lab.attempt(kata.current_loop)))
        for attempt, where in ((here, "a coroutine"), (await called, "a callback of the loop")):
            expect(
                attempt.error is None and attempt.value is loop,
                "In {where}, current_loop {happened} instead of the running loop.",
                look="Tasks come and go; in a callback there is none. asyncio knows the running loop itself.",
                where=Message(where),
                happened=attempt.happened,
            )
        elsewhere = await asyncio.to_thread(lab.attempt, kata.current_loop)
        expect(
            elsewhere.error is None and elsewhere.value is None,
            "A loop ran in another thread, and current_loop {happened} instead of None.",
            look="Each thread has a running loop of its own, or none.",
            happened=elsewhere.happened,
        )

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        asyncio.set_event_loop(loop)
        with_one_set = lab.attempt(kata.current_loop)
        asyncio.set_event_loop(None)
        expect(
            with_one_set.value is not loop,
            "A loop was set for this thread but did not run, and current_loop {happened} instead of None.",
            look="A loop that is set may be asleep, or closed. Ask for the one that is running.",
            happened=with_one_set.happened,
        )
    if isinstance(with_one_set.value, asyncio.BaseEventLoop):
        with_one_set.value.close()
    if sys.version_info < (3, 14):
        # As in a new program: asyncio.run leaves a note that there is no loop any more.
        asyncio.set_event_loop_policy(None)
    with warnings.catch_warnings(record=True) as caught, monkeypatch.context() as patch:
        warnings.simplefilter("always")
        patch.setattr(asyncio.BaseEventLoop, "__init__", noted)
        outside = lab.attempt(kata.current_loop)
    for new in made:
        new.close()
    asyncio.set_event_loop(None)
    expect(
        outside.error is None,
        "Where no loop runs, current_loop {happened} instead of returning None.",
        look="asyncio.get_running_loop raises a RuntimeError there. What does your function make of it?",
        happened=outside.happened,
    )
    expect(
        not made,
        "No loop was running, and current_loop created one.",
        look="asyncio.get_event_loop did that silently for years. Which function only looks?",
    )
    for attempt in (outside, with_one_set):
        expect(
            attempt.error is None and attempt.value is None,
            "Where no loop runs, current_loop {happened} instead of returning None.",
            happened=attempt.happened,
        )
    expect(
        not caught,
        "current_loop caused a warning: {warning}",
        look="asyncio.get_event_loop warns where no loop runs. Which function only looks?",
        warning=str(caught[0].message) if caught else "",
    )
    asyncio.run(inside())


@pytest.mark.task(1)
def test_run_fresh_uses_a_new_loop_and_closes_it(lab: Lab) -> None:
    """run_fresh: runs on a new loop, gives the value or raises the exception, and closes the loop."""
    loops: list[asyncio.AbstractEventLoop] = []
    failure = LookupError("no such page")

    async def main(error: Exception | None = None) -> str:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        if error:
            raise error
        return "value"

    with contextlib.closing(asyncio.new_event_loop()) as loop:
        asyncio.set_event_loop(loop)
        call = lab.attempt(kata.run_fresh, main)
        asyncio.set_event_loop(None)
        call.expect_value("value")
        again = lab.attempt(kata.run_fresh, main)
        failed = lab.attempt(kata.run_fresh, lambda: main(failure))
        expect(
            loop not in loops,
            "A loop was set for this thread, and run_fresh ran on it instead of on a new one.",
            look="asyncio.get_event_loop hands out the loop that is set. Whose it is, and who closes it, is not yours.",
        )
        expect(
            len(set(loops)) == len(loops) and "closed" not in str(again.error),
            "run_fresh was called a second time, and took the loop of the first call again.",
            look="`fresh` means a new loop for each call.",
        )
    again.expect_value("value")
    failed.expect_error(failure, "main raised {expected}, but {call} {happened}.")
    for used, how in zip(loops, (Message("returned"), Message("returned"), Message("raised")), strict=True):
        closed = used.is_closed()
        used.close()
        expect(
            closed,
            "main {how}, and its loop was not closed afterwards.",
            look="An open loop keeps its selector and its sockets. It must be closed on every way out.",
            how=how,
        )


@pytest.mark.task(1)
def test_run_fresh_leaves_nothing_half_done(lab: Lab) -> None:
    """run_fresh: tasks that are left are cancelled and clean up, generators are shut down, also after a failure."""
    for error in (None, LookupError("no such page")):
        events: list[str] = []
        kept: list[object] = []

        async def left_over() -> None:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                events.append("cancelled")
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                events.append("cleaned up")
                raise

        async def begins_late() -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                generator = numbers("late generator shut down")
                kept.append(generator)
                await anext(generator)

        async def numbers(end: str) -> AsyncGenerator[int, None]:
            try:
                yield 1
                yield 2
            finally:
                await asyncio.sleep(0)
                events.append(end)

        async def with_task() -> None:
            kept.append(asyncio.create_task(left_over()))
            await asyncio.sleep(0)
            if error:
                raise error

        async def with_late_generator() -> None:
            kept.append(asyncio.create_task(begins_late()))
            await asyncio.sleep(0)
            if error:
                raise error

        async def with_generator() -> None:
            generator = numbers("generator shut down")
            kept.append(generator)
            await anext(generator)
            if error:
                raise error

        when = "main raised an exception" if error else "main returned"
        calls = [lab.attempt(kata.run_fresh, main) for main in (with_task, with_generator, with_late_generator)]
        for call in calls:
            if error is None:
                call.raise_crash()
        expect(
            "cancelled" in events,
            "{when} while a task of its was still running, and nobody cancelled that task.",
            look="asyncio.run cancels what is left. Whoever uses run_until_complete has to do it by hand.",
            when=Message(when),
        )
        expect(
            "cleaned up" in events,
            "{when}, and a task that was left was cancelled, but the loop was closed before it had cleaned up.",
            look="cancel() only asks. The loop has to turn until the task has ended.",
            when=Message(when),
        )
        expect(
            "generator shut down" in events,
            "{when} while an asynchronous generator stood half-way, and its `finally` block never ran.",
            look="A loop that ends has to close the generators that were begun on it: shutdown_asyncgens.",
            when=Message(when),
        )
        expect(
            "late generator shut down" in events,
            "{when}, a task that was left began an asynchronous generator in its cleanup, and the `finally` block of "
            "that one never ran.",
            look="Until the last task has ended, generators can be begun. Shut them down after the tasks, not before.",
            when=Message(when),
        )


@pytest.mark.task(1)
def test_run_fresh_refuses_where_a_loop_runs(lab: Lab) -> None:
    """run_fresh: RuntimeError where this thread runs a loop already, and no coroutine is left; other threads may."""
    made: list[Coroutine[Any, Any, str]] = []
    ran: list[str] = []

    async def body() -> str:
        ran.append("main")
        return "value"

    def main() -> Coroutine[Any, Any, str]:
        made.append(body())
        return made[-1]

    async def outer() -> None:
        call = lab.attempt(kata.run_fresh, main)
        left = [coroutine for coroutine in made if not is_closed(coroutine)]
        for coroutine in left:
            coroutine.close()
        call.expect_error(
            RuntimeError,
            "run_fresh was called in a thread that runs a loop, and {happened}; expected a RuntimeError.",
            look="Whoever waits here for another loop, be it nested or in a helper thread, stops the one that runs.",
        )
        expect(not ran, "run_fresh raised RuntimeError, but main ran all the same.")
        expect(
            not left,
            "run_fresh refused, but it had called main before: a coroutine is left that will never be awaited.",
            look="asyncio.run refuses too, but too late for the coroutine. Look for a loop before you call main.",
        )
        made.clear()
        call = await asyncio.to_thread(lab.attempt, kata.run_fresh, main)
        call.expect_value(
            "value", "A loop ran, but in another thread; run_fresh {happened} there.", happened=call.happened
        )

    asyncio.run(outer())


@pytest.mark.task(2)
def test_one_loop_in_one_other_thread(lab: Lab) -> None:
    """BackgroundLoop.run: gives the value; all calls run on one loop, in one thread that is not the caller's."""
    seen: list[tuple[asyncio.AbstractEventLoop, threading.Thread]] = []
    callers: list[threading.Thread] = []

    async def where(name: str) -> str:
        seen.append((asyncio.get_running_loop(), threading.current_thread()))
        return name.upper()

    with background(lab) as loop:

        def call_run(name: str) -> str:
            callers.append(threading.current_thread())
            return loop.run(where(name))

        calls = [lab.in_thread(call_run, name).join(NEVER_BACK, look=WAKE) for name in "abc"]
    for call, value in zip(calls, "ABC", strict=True):
        expect(
            not isinstance(call.value, Future | asyncio.Future),
            "run returned {actual}, expected the coroutine's value {expected}.",
            look="run is a synchronous function: it waits, and hands back what the coroutine returned.",
            actual=show(call.value),
            expected=show(value),
        )
        call.expect_value(value, "run returned {actual}, expected the coroutine's value {expected}.")
    expect(
        not {thread for _, thread in seen} & set(callers),
        "A coroutine ran in the thread of whoever called run.",
        look="The loop lives in a thread of its own, and goes on there when nobody waits for it.",
    )
    loops = {used for used, _ in seen}
    expect(
        len(loops) == 1,
        "Three calls of run were answered by {count} different loops.",
        look="Queues, locks and connections belong to one loop. Make it once, and keep it until close.",
        count=len(loops),
    )
    threads = {thread for _, thread in seen}
    expect(len(threads) == 1, "Three calls of run were answered in {count} different threads.", count=len(threads))
    expect(
        loops.pop().is_closed(),
        "The block was left, and the loop is not closed.",
        look="Leaving the block does what close does.",
    )
    thread = threads.pop()
    expect(not is_alive(thread), "The block was left, and the loop's thread still runs.")


@pytest.mark.task(2)
def test_work_goes_on_between_calls(lab: Lab) -> None:
    """BackgroundLoop: a task that a call has started goes on after the call has returned."""
    door = Door()
    ended: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def work() -> None:
        try:
            await door.enter("work")
            ended.append("finished")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def start() -> None:
        tasks.append(asyncio.create_task(work()))
        await asyncio.sleep(0)

    with background(lab) as loop:
        run(lab, loop, start()).raise_crash()
        # Nobody calls run now: the loop has to turn by itself.
        early = list(ended)
        door.open()
        lab.wait(lambda: bool(ended))
        seen = list(ended)
    expect(
        early != ["cancelled"] and seen != ["cancelled"],
        "run had started a task, and the task was cancelled when run returned.",
        look="asyncio.run ends the whole loop with its first coroutine. This loop lives until close.",
    )
    expect(
        seen == ["finished"],
        "run had started a task and returned; then the task could have gone on, but the loop did not turn.",
        look="run_until_complete turns the loop for one coroutine. run_forever, in its own thread, turns it for all.",
    )


@pytest.mark.task(2)
def test_calls_from_several_threads_overlap(lab: Lab) -> None:
    """BackgroundLoop.run: two threads that call it have their coroutines in flight at the same time."""
    door = Door()
    with background(lab) as loop:
        calls = [lab.in_thread(loop.run, door.enter(name)) for name in "ab"]
        lab.wait(lambda: len(door.arrived) == 2 or any(call.over for call in calls))
        arrived = len(door.arrived)
        # Whoever comes only when the first one has left finds the door shut again.
        while not all(call.over for call in calls):
            door.arrived.clear()
            door.open()
            if not lab.wait(lambda: bool(door.arrived) or all(call.over for call in calls)):
                break
        for call in calls:
            call.join()
    if not arrived:
        calls[0].raise_crash()
    expect(
        arrived == 2,
        "Two threads called run; one coroutine was waiting, and the other had not been started meanwhile.",
        look="The loop can have any number in flight. A lock, or a worker that takes one at a time, undoes that.",
    )
    for call, value in zip(calls, "AB", strict=True):
        call.expect_value(value, "run returned {actual} instead of the value of its own coroutine, {expected}.")


@pytest.mark.task(2)
def test_exceptions_reach_the_caller(lab: Lab) -> None:
    """BackgroundLoop: a coroutine's exception is raised by run, and the loop goes on; one of the block leaves it."""
    failure, own_timeout = LookupError("no such page"), ReadTimeoutError("no answer")

    async def fails(error: Exception) -> None:
        raise error

    async def works() -> str:
        return "value"

    with background(lab) as loop:
        failed = run(lab, loop, fails(failure))
        failed.expect_error(
            failure,
            "The coroutine raised {expected}, but {call} {happened}.",
            look="The exception belongs to whoever called run: hand it over, do not keep it in the loop's thread.",
        )
        after = run(lab, loop, works())
        after.expect_value("value", "One coroutine had failed; the next one gave {actual} instead of {expected}.")
        run(lab, loop, fails(own_timeout)).expect_error(
            own_timeout,
            "run was called without a timeout, and the coroutine itself raised {expected}, but {call} {happened}.",
            look=OWN_TIMEOUT,
        )

    def block() -> None:
        with kata.BackgroundLoop() as loop:
            loop.run(works())
            raise failure

    block.__qualname__ = "with BackgroundLoop()"
    left = lab.in_thread(block).join("Leaving `with BackgroundLoop()` by an exception never came to an end{where}")
    left.expect_error(
        failure,
        "The block raised {expected}, but it {happened}.",
        look="__exit__ returns something true only if it has dealt with the exception itself.",
    )


@pytest.mark.task(3)
def test_timeout_cancels_the_coroutine(lab: Lab) -> None:
    """BackgroundLoop.run: after `timeout` seconds TimeoutError is raised, and the coroutine is cancelled."""
    door = Door()
    own_timeout = ReadTimeoutError("no answer")

    async def works() -> str:
        return "value"

    async def fails() -> None:
        raise own_timeout

    with background(lab) as loop:
        coroutine = door.enter()
        late = lab.in_thread(loop.run, coroutine, timeout=1 / 64)
        lab.wait(lambda: late.over)
        over = late.over
        lab.wait(lambda: is_closed(coroutine))
        cancelled = is_closed(coroutine)
        door.open()
        late.join()
        expect(
            over,
            "timeout was 1/64 s and the coroutine waited for ever, but run waited with it.",
            look="The future of run_coroutine_threadsafe has a result() that takes a timeout.",
        )
        late.expect_error(
            TimeoutError,
            "timeout was 1/64 s and the coroutine waited for ever: {call} {happened}, expected TimeoutError.",
        )
        expect(
            cancelled,
            "run raised TimeoutError, but nobody cancelled the coroutine: it still waits on the loop.",
            look="A timeout of result() ends only the waiting. The future that gave up can cancel what it waited for.",
        )
        in_time = run(lab, loop, works(), timeout=512)
        failed = run(lab, loop, fails(), timeout=512)
    in_time.expect_value("value", "The next coroutine was in time; run returned {actual}, expected {expected}.")
    failed.expect_error(
        own_timeout,
        "timeout was 512 s and the coroutine itself raised {expected} at once, but {call} {happened}.",
        look=OWN_TIMEOUT,
    )


@pytest.mark.task(3)
def test_close_cancels_waits_and_joins(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """BackgroundLoop.close: cancels what is left, waits for its cleanup, closes the loop, joins the thread; twice."""
    door, cleanup = Door(), Door()
    ended: list[str] = []
    kept: list[Any] = []
    limits: list[float] = []
    original = threading.Thread.join

    def join(self: threading.Thread, timeout: float | None = None) -> None:
        if timeout is not None and self in kept:
            # The cleanup takes longer than any limit, so a limit is as good as over. Who joins again is welcome.
            limits.append(timeout)
            timeout = min(timeout, 1 / 1024)
        original(self, timeout)

    monkeypatch.setattr(threading.Thread, "join", join)

    async def left_over() -> None:
        try:
            await door.enter()
        except asyncio.CancelledError:
            await cleanup.enter()
            ended.append("cleaned up")
            raise

    async def start() -> None:
        kept.extend([asyncio.get_running_loop(), threading.current_thread(), asyncio.create_task(left_over())])
        await asyncio.sleep(0)

    with background(lab) as loop:
        run(lab, loop, start()).raise_crash()
        closing = lab.in_thread(loop.close)
        lab.wait(lambda: bool(cleanup.arrived) or closing.over)
        lab.settle()
        cancelled, early = bool(cleanup.arrived), closing.over
        # After this the task ends, if the loop still turns.
        cleanup.open()
        expect(
            cancelled,
            "A task was still running on the loop when close was called, and it was not cancelled.",
            look="Stopping the loop cancels nothing: its tasks just never get a turn again.",
        )
        expect(
            not (early and limits),
            "A task was cleaning up after its cancellation for more than {limit} s, and close returned meanwhile.",
            look="A join with a timeout returns when the time is up, too. However long the cleanup takes, wait for it.",
            limit=limits[0] if limits else None,
        )
        expect(
            not early,
            "A task was still cleaning up after its cancellation, and close returned already.",
            look="cancel() and stop() only ask. The loop must turn until the tasks have ended; join() waits for that.",
        )
        closing.join("close never came back{where}").raise_crash()
        running_loop, thread, _ = kept
        expect(ended == ["cleaned up"], "close returned, but the cancelled task had not ended its cleanup.")
        closed, alive = running_loop.is_closed(), is_alive(thread)
        again = lab.in_thread(loop.close).join("close was called a second time and never came back{where}")
        expect(
            again.error is None,
            "close was called a second time, and {happened}.",
            look="Leaving the block closes too. A second call has nothing to do, and must not mind.",
            happened=again.happened,
        )
    expect(
        closed,
        "close returned, and the loop is not closed.",
        look="stop() only ends run_forever. Whoever made the loop closes it afterwards.",
    )
    expect(
        not alive,
        "close returned, and the loop's thread was still running.",
        look="A thread that has been told to end needs a moment. Wait for it with join().",
    )


@pytest.mark.task(3)
def test_run_refuses_where_it_cannot_work(lab: Lab) -> None:
    """BackgroundLoop.run: RuntimeError after close and on the loop's own thread; the refused coroutine is closed."""
    ran: list[str] = []
    refused: list[Coroutine[Any, Any, str]] = []

    async def work(name: str) -> str:
        ran.append(name)
        return name

    def offer(loop: kata.BackgroundLoop, name: str) -> str:
        refused.append(work(name))
        return loop.run(refused[-1])

    def judge(call: Attempt | ThreadCall, when: str) -> None:
        left = not is_closed(refused[-1])
        refused[-1].close()
        call.expect_error(
            RuntimeError, "{when}, run {happened}; expected a RuntimeError.", when=Message(when), happened=call.happened
        )
        expect(
            not left,
            "{when}, run raised RuntimeError, but left the coroutine that it refused: it will never be awaited.",
            look="Nobody else can do anything with that coroutine any more. It has a method close().",
            when=Message(when),
        )
        expect(not ran, "{when}, run raised RuntimeError, but the coroutine had run.", when=Message(when))

    with background(lab) as loop:

        async def outer() -> Attempt:
            return lab.attempt(offer, loop, "inner")

        call = lab.in_thread(loop.run, outer())
        call.join(
            "run was called on the loop's own thread, and waits there for itself{where}",
            look="The loop cannot turn while its thread waits. Notice on which thread run is called, and refuse.",
        )
        call.raise_crash()
        inner = call.value
        if isinstance(inner, Attempt):
            judge(inner, "Called on the loop's own thread")
        else:
            call.expect_value("the coroutine's value", "run returned {actual}, expected {expected}.")

        async def of_another_loop() -> Attempt:
            return lab.attempt(offer, loop, "beside")

        call = lab.in_thread(asyncio.run, of_another_loop())
        call.join("run was called in a coroutine of another loop, and never came back{where}", look=WAKE).raise_crash()
        beside = call.value
        refused[-1].close()
        expect(
            beside.error is None,
            "Called in a coroutine of another loop, in another thread, run {happened} instead of giving the value.",
            look="Only on its own thread it would wait for itself. Ask which loop runs here, not whether one does.",
            happened=beside.happened,
        )
        beside.expect_value("beside")
        ran.clear()
        lab.in_thread(loop.close).join().raise_crash()
        call = lab.in_thread(offer, loop, "late")
        call.join(
            "run was called after close, and waits for ever{where}",
            look="Nobody turns the loop any more. Remember that it has been closed, and refuse.",
        )
        judge(call, "Called after close")


@pytest.mark.task(3)
def test_close_ends_a_waiting_run(lab: Lab) -> None:
    """BackgroundLoop.run: a call that waits in another thread ends with CancelledError when the loop is closed."""
    door = Door()
    with background(lab) as loop:
        calls = [lab.in_thread(loop.run, door.enter()) for _ in range(2)]
        lab.wait(lambda: len(door.arrived) == 2 or any(call.over for call in calls))
        expect(len(door.arrived) == 2, "Two calls of run, but {count} coroutine ran.", count=len(door.arrived))
        lab.in_thread(loop.close).join(
            "run was waiting in another thread, and close never came back{where}"
        ).raise_crash()
        for call in calls:
            call.join(
                "The loop was closed, and a run that was waiting in another thread never came back{where}",
                look="Its coroutine must be cancelled while the loop still turns: so the waiting thread hears of it.",
            )
    for call in calls:
        expect(
            isinstance(call.error, CancelledError | asyncio.CancelledError),
            "The loop was closed while run was waiting in another thread: run {happened}, expected CancelledError.",
            look="Cancel the coroutine, and let its future tell the waiting thread.",
            happened=call.happened,
        )
    late = run_while_closing(lab)
    expect(
        isinstance(late.error, RuntimeError | CancelledError | asyncio.CancelledError),
        "close was waiting for a task's cleanup when run was called: run {happened}, expected RuntimeError or "
        "CancelledError.",
        look="From the moment close is called, run takes nothing any more.",
        happened=late.happened,
    )


def run_while_closing(lab: Lab) -> ThreadCall:
    """Call `run` while `close` waits for the cleanup of a task; what comes of it may be a refusal or a cancellation."""
    door, cleanup = Door(), Door()
    kept: list[asyncio.Task[None]] = []

    async def left_over() -> None:
        try:
            await door.enter()
        finally:
            await cleanup.enter()

    async def start() -> None:
        kept.append(asyncio.create_task(left_over()))
        await asyncio.sleep(0)

    with background(lab) as loop:
        run(lab, loop, start()).raise_crash()
        closing = lab.in_thread(loop.close)
        lab.wait(lambda: bool(cleanup.arrived) or closing.over)
        late = lab.in_thread(loop.run, door.enter())
        lab.settle()
        cleanup.open()
        closing.join("close never came back{where}").raise_crash()
        return late.join(
            "close was waiting for a task's cleanup when another thread called run, and run never came back{where}",
            look="What is taken after the tasks were cancelled, nobody cancels any more. First refuse, then cancel.",
        )
