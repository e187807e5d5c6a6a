"""Checks of kata 04."""

import asyncio
import concurrent.futures
import gc
import inspect
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import tasks_and_futures as kata

from asyncio_katas.lab import Call, Lab, Mark, Message, Probe, expect, fail, show

# Enough for callbacks that schedule callbacks; nothing in the contract takes more.
SOME_TURNS = 8


def start(lab: Lab, background: kata.Background, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Start a coroutine in the background and return its task, keeping no reference to it here."""
    attempt = lab.attempt(background.start, coro)
    task, attempt.value = attempt.value, None
    attempt.raise_crash()
    if not isinstance(task, asyncio.Task):
        look = "Make a task of the coroutine, and return that, without waiting for it."
        if inspect.iscoroutine(task):
            look = "A coroutine runs when somebody awaits it. `start` is a plain `def`, and what it returns is a task."
            task.close()
        fail("start(coro) returned {value} instead of an asyncio.Task.", look=look, value=show(task))
    return task


def sleeper(lab: Lab, seconds: dict[str, float], *, cleanup: float = 0.0) -> Probe[[str], str]:
    """Return an async function that takes each name's seconds; a name with an exclamation mark then fails."""

    async def work(name: str) -> str:
        await lab.pause(seconds[name])
        if name.endswith("!"):
            raise LookupError(name)
        return name.upper()

    return lab.probe(work, cleanup=cleanup)


def failure_of(task: asyncio.Task[Any]) -> BaseException | None:
    """Return the exception a task has failed with, if it has."""
    return task.exception() if task.done() and not task.cancelled() else None


@pytest.mark.task(1)
async def test_start_runs_without_being_awaited(lab: Lab) -> None:
    """start: returns a task at once; it runs although nobody awaits it, and holds the outcome."""
    work = sleeper(lab, {"a": 2, "b": 1, "c!": 1.5})
    background = kata.Background()
    tasks = [start(lab, background, work(name)) for name in ("a", "b", "c!")]
    await lab.pause(4)
    failure = failure_of(tasks[2])
    expect(
        work.started == 3,
        "Three coroutines were started at t=0, but by t=4 {count} of them had begun.",
        look="A coroutine by itself does nothing. What schedules it on the event loop, at once?",
        count=work.started,
    )
    ends = sorted(span.end or 0.0 for span in work.spans)
    expect(
        ends == [1, 1.5, 2],
        "Three coroutines of 1 s, 1.5 s and 2 s were started at t=0, and ended at t={ends}.",
        look="Each of them runs at once and by itself: nobody has to await it, and none waits for another.",
        ends=show(ends),
    )
    outcomes = [task.result() if task.done() and not failure_of(task) else None for task in tasks[:2]]
    expect(
        outcomes == ["A", "B"],
        "Two coroutines returned 'A' and 'B', but the results of their tasks are {outcomes}.",
        look="The caller of `start` finds the coroutine's own value in the task.",
        outcomes=show(outcomes),
    )
    expect(
        isinstance(failure, LookupError),
        "A coroutine raised a LookupError, but the exception of its task is {failure}.",
        look="Whoever holds the task decides about its exception. Whoever only starts it does not catch it.",
        failure=show(failure),
    )


@pytest.mark.task(1)
async def test_len_counts_the_running(lab: Lab) -> None:
    """len: the number of those that run; whoever has returned, failed or been cancelled counts no more."""
    work = sleeper(lab, {"a": 1, "b!": 2, "c": 16, "d": 4})
    background, another = kata.Background(), kata.Background()
    lengths = [len(background)]
    tasks = {name: start(lab, background, work(name)) for name in ("a", "b!", "c", "d")}
    await lab.pause(0.5)
    lengths.append(len(background))
    others = len(another)
    for _ in range(4):
        await lab.pause(1)
        if lab.now == 2.5:
            tasks["c"].cancel()
            await lab.turns(SOME_TURNS)
        lengths.append(len(background))
    failure_of(tasks["b!"])
    unborn = work("a")
    start(lab, background, unborn).cancel()
    await lab.turns(SOME_TURNS)
    lengths.append(len(background))
    # It may never have begun; nothing in the contract says that a coroutine which is cancelled then has to be closed.
    unborn.close()
    expect(lengths[0] == 0, "Nothing was started yet, but len() was {length}.", length=lengths[0])
    expect(
        lengths[1] == 4,
        "Four coroutines were running, but len() was {length}.",
        look="Each of them counts, from `start` until its task is done, also where others have the same name.",
        length=lengths[1],
    )
    expect(
        others == 0,
        "Four coroutines were started in one Background, and len() of another one was {others}.",
        look="What is assigned in the body of a class is shared by all its objects.",
        others=others,
    )
    expect(
        lengths[2] == 3,
        "Four were running and one of them returned, but then len() was {length}.",
        look="Nobody tells you that a task is done, unless you ask to be called.",
        length=lengths[2],
    )
    expect(
        lengths[3] == 1,
        "Three were running; one failed and one was cancelled, but then len() was {length}.",
        look="There are three ways for a task to be done. Code after an `await`, or a result(), runs on one of them.",
        length=lengths[3],
    )
    expect(lengths[5] == 0, "All four were done, but len() was {length}.", length=lengths[5])
    expect(
        lengths[6] == 0,
        "A task was cancelled before its first turn; it is done, but len() was {length}.",
        look="Then its coroutine never runs, not even a `finally` in it. The task itself can tell that it is done.",
        length=lengths[6],
    )


@pytest.mark.task(1)
async def test_kept_while_running_and_then_forgotten(lab: Lab) -> None:
    """start: garbage collection does not take a running task; one that is done is not kept."""
    inside: list[weakref.ref[asyncio.Future[None]]] = []

    async def work() -> None:
        # Nobody else knows this future: the task, its coroutine and the future hold only each other.
        future: asyncio.Future[None] = lab.loop.create_future()
        inside.append(weakref.ref(future))
        await future

    background = kata.Background()
    tasks = [weakref.ref(start(lab, background, work())) for _ in range(3)]
    await lab.turns(SOME_TURNS)
    gc.collect()
    waiting = [future for future in (known() for known in inside) if future is not None]
    expect(len(inside) == 3, "Three coroutines were started, but {count} of them have begun.", count=len(inside))
    expect(
        len(waiting) == 3,
        "Three tasks were waiting and nobody else held them: garbage collection took {lost} of them half-way.",
        look="The event loop refers to tasks only weakly. Who holds each of them as long as it runs?",
        lost=3 - len(waiting),
    )
    held = [task for task in (known() for known in tasks) if task is not None]
    waiting.pop().set_result(None)
    waiting.pop().set_exception(LookupError("no such page"))
    waiting.pop().cancel()
    await lab.turns(SOME_TURNS)
    while held:
        failure_of(held.pop())
    gc.collect()
    kept = [task for task in tasks if task() is not None]
    expect(
        not kept,
        "One task has returned, one failed, one was cancelled, and nobody else holds them: {kept} of the 3 are kept.",
        look="What is added on every start has to be removed at every end; otherwise it grows as long as you serve.",
        kept=len(kept),
    )


@pytest.mark.task(1)
async def test_drain_waits_for_all(lab: Lab) -> None:
    """drain: returns when the last one has ended, however it ended; at once if there is none."""
    background = kata.Background()
    idle = await lab.call(background.drain)
    expect(
        idle.error is None,
        "drain() {happened}, although nothing was running.",
        look="None is left, so there is nothing to wait for. Not every function that waits likes an empty set.",
        happened=idle.happened,
    )
    work = sleeper(lab, {"a": 4, "b!": 1, "c": 16}, cleanup=4)
    tasks = {name: start(lab, background, work(name)) for name in ("a", "b!", "c")}
    calls = [lab.call(background.drain), lab.call(background.drain)]
    await lab.pause(2)
    tasks["c"].cancel()
    await lab.pause(16)
    failure = failure_of(tasks["b!"])
    drain = calls[0]
    expect(
        drain.error is not failure or failure is None,
        "'b!' failed at t=1, and its exception left drain() while two others were still running.",
        look="gather() hands on the first exception. Whose business is it? drain only waits until all have ended.",
        mark=Mark(1, "'b!' fails"),
    )
    cancelled = [span.label for span in work.spans if span.cancels and span.label != "work c"]
    expect(
        not cancelled,
        "drain() was called, and {label} was cancelled.",
        look="Draining means: let them all come to their end.",
        label=cancelled[0] if cancelled else "",
    )
    expect(
        not isinstance(drain.error, asyncio.CancelledError),
        "'c' was cancelled at t=2, and CancelledError left drain().",
        look="A task that was cancelled has ended; that is all drain wants to know.",
        mark=Mark(2, "'c' is cancelled"),
    )
    drain.raise_crash()
    expect_drained(lab, drain, 6, "the last of three tasks, a cancelled one, had cleaned up at t=6")
    expect_drained(lab, calls[1], 6, "two were waiting in drain(), and the last task ended at t=6")

    began = lab.now
    task = start(lab, background, work("a"))
    again = lab.call(background.drain)
    await lab.pause(16)
    again.raise_crash()
    expect(
        again.over and (again.ended or 0.0) >= began + 4,
        "A task of 4 s was started after a first drain(), and the second drain() {what}.",
        look="Whatever remembers that all are done has to forget it when the next one is started.",
        what=Message.of("returned after {seconds} s", {"seconds": (again.ended or 0.0) - began})
        if again.over
        else Message("has not returned after 16 s"),
    )
    expect_drained(lab, again, began + 4, "a second drain(), and the last task ended then")
    expect(task.done(), "A task of 4 s was not done after 16 s.")


def expect_drained(lab: Lab, drain: Call, moment: float, why: str) -> None:
    """Expect drain to have returned at this moment, neither before nor after."""
    __tracebackhide__ = True
    if not drain.over:
        fail(
            "Nothing is running any more ({why}), but drain() has not returned by t={now}.",
            look="Who wakes those that wait in drain() when the last task ends?",
            mark=Mark(moment, "the last one ends"),
            why=Message(why),
            now=lab.now,
        )
    expect(
        drain.ended == moment,
        "drain() returned at t={ended}, expected t={moment}: {why}.",
        look="It returns when none is left, neither earlier nor later. Whoever looks only now and then is late.",
        mark=drain.end(due=moment),
        ended=drain.ended,
        moment=moment,
        why=Message(why),
    )


@pytest.mark.task(1)
async def test_drain_includes_those_started_meanwhile(lab: Lab) -> None:
    """drain: who is started while drain waits is waited for as well."""
    background = kata.Background()
    tasks: list[asyncio.Task[Any]] = []

    async def work(name: str, seconds: float, *then: tuple[str, float]) -> None:
        await lab.pause(1)
        if then:
            tasks.append(start(lab, background, probe(then[0][0], then[0][1], *then[1:])))
        await lab.pause(seconds)

    probe = lab.probe(work, label=lambda name, *_: f"work {name}")
    tasks.append(start(lab, background, probe("a", 1, ("b", 4), ("c", 8))))
    drain = lab.call(background.drain)
    await lab.pause(4)
    tasks.append(start(lab, background, probe("d", 15)))
    await lab.pause(32)
    drain.raise_crash()
    ended = drain.ended or 0.0
    running = [span.label for span in probe.spans if span.start <= ended and (span.end is None or span.end > ended)]
    expect(
        not (drain.over and running),
        "drain() returned at t={ended} while {label} was running, which was started while drain() waited.",
        look="When those you waited for are done, others may have come. Look again, until none is left.",
        mark=Mark(ended, "drain returns"),
        ended=ended,
        label=running[0] if running else "",
    )
    expect_drained(lab, drain, 20, "the last task, started at t=4, ended then")


class Stop(BaseException):
    """An exception for which `except Exception` is not enough."""


def start_waiter(lab: Lab, promise: "kata.Promise[Any]", name: str = "waiter") -> Call:
    """Start a task that waits for a promise, under a name of its own in the timeline."""

    async def waiter(promise: "kata.Promise[Any]") -> object:
        return await promise

    waiter.__qualname__ = name
    return lab.call(waiter, promise)


def finish(lab: Lab, promise: "kata.Promise[Any]", outcome: object) -> None:
    """Set the outcome, which must go well."""
    setter: Callable[[Any], None] = promise.set_result
    if isinstance(outcome, BaseException):
        setter = promise.set_exception
    setting = lab.attempt(setter, outcome)
    expect(
        setting.error is None or isinstance(setting.error, NotImplementedError | AttributeError),
        "The promise was not finished yet, and {call}({outcome}) {happened}.",
        look="Among those who wait there may be some who have given up. Look before you set anything for them.",
        mark=Mark(lab.now, "{call} raises"),
        call=setting.name,
        outcome=show(outcome),
        happened=setting.happened,
    )
    setting.raise_crash()


def expect_outcome(call: Call, outcome: object, when: str) -> None:
    """Expect a waiter to have got the value or the exception."""
    __tracebackhide__ = True
    if isinstance(call.error, NotImplementedError):
        call.raise_crash()
    if isinstance(call.error, RuntimeError) and "task" in str(call.error).lower():
        fail(
            "A waiter was refused by its task: {error}.",
            look="A task understands only futures. In __await__, wait for one with `yield from future.__await__()`.",
            error=show(call.error),
        )
    if isinstance(call.error, TypeError):
        fail(
            "A task that awaits the promise got {error}.",
            look="`await` calls __await__ and needs an iterator from it: a generator is one, a coroutine is not.",
            error=show(call.error),
        )
    expect(
        call.over,
        "The promise was finished with {outcome}, but a task that awaits it {when} is still waiting.",
        look="Every waiter has to be woken, and whoever comes later must not wait at all.",
        outcome=show(outcome),
        when=Message(when),
    )
    if isinstance(outcome, BaseException):
        expect(
            call.value is not outcome,
            "The promise was finished with {outcome}, but `await` returned the exception instead of raising it.",
            look="For whoever awaits, an exception is no value.",
            outcome=show(outcome),
        )
        call.expect_error(
            outcome,
            "The promise was finished with {expected}, but in a task that awaits it {when}, `await` {happened}.",
            look="Whoever awaits gets the very exception that was set.",
            when=Message(when),
        )
    else:
        expect(
            call.error is None,
            "The promise was finished with {outcome}, but in a task that awaits it {when}, `await` {happened}.",
            look="Awaiting a promise gives its value, every time and to everybody.",
            outcome=show(outcome),
            when=Message(when),
            happened=call.happened,
        )
        call.expect_value(
            outcome,
            "The promise was finished with {expected}, but a task that awaits it {when} got {actual}.",
            when=Message(when),
        )


@pytest.mark.task(2)
async def test_every_waiter_gets_the_outcome(lab: Lab) -> None:
    """Promise: everybody who waits gets the value or the exception, as soon as it is set."""
    for outcome in ("value", LookupError("no such page")):
        promise: kata.Promise[object] = kata.Promise()
        expect(
            not isinstance(promise, asyncio.Future | concurrent.futures.Future),
            "Promise is a subclass of Future.",
            look="Then everything is done already. Write the class yourself; it may use futures inside.",
        )
        done = [bool(promise.done())]
        waiters = [start_waiter(lab, promise, f"waiter {number}") for number in (1, 2, 3)]
        await lab.pause(2)
        early = [call for call in waiters if call.over]
        done.append(bool(promise.done()))
        finish(lab, promise, outcome)
        done.append(bool(promise.done()))
        await lab.pause(2)
        for call in early:
            expect_outcome(call, outcome, "from the beginning")
        expect(
            not early,
            "A waiter went on at t={ended}, but the promise was finished only at t=2.",
            look="`await promise` goes on when the outcome is there, not before.",
            ended=early[0].ended if early else 0.0,
        )
        left = [call for call in waiters if not call.over]
        expect(
            not left,
            "Three tasks were waiting when the promise was finished with {outcome}, and {left} of them still are.",
            look="Every waiter has to be woken, not only the first or the last.",
            outcome=show(outcome),
            left=len(left),
        )
        for call in waiters:
            expect_outcome(call, outcome, "from the beginning")
        expect(
            done == [False, False, True],
            "done() was {done}: when it was new, while three waited, and right after it was finished.",
            look="done() tells whether something has been set, be it a value or an exception.",
            done=", ".join(show(value) for value in done),
        )
        result = lab.attempt(promise.result)
        if isinstance(outcome, BaseException):
            result.expect_error(
                outcome,
                "The promise was finished with {expected}, but result() {happened}.",
                look="result() gives the outcome as `await` does: an exception is raised, not returned.",
            )
        else:
            result.expect_value(outcome, "The promise was finished with {expected}, but result() returned {actual}.")
    await expect_exception_as_value(lab)
    await expect_any_base_exception(lab)


async def expect_exception_as_value(lab: Lab) -> None:
    """Expect that which of the two setters was called decides, not what it was given."""
    __tracebackhide__ = True
    promise: kata.Promise[object] = kata.Promise()
    call, value = start_waiter(lab, promise), LookupError("a value")
    await lab.pause(1)
    lab.attempt(promise.set_result, value).raise_crash()
    await lab.pause(1)
    for ending, way in ((call, "`await`"), (lab.attempt(promise.result), "result()")):
        expect(
            ending.error is None and ending.value is value,
            "set_result was called with an exception object, {value}, and {way} {happened}; it is a value.",
            look="Only what set_exception was called with is raised. A value may be of any type, this one too.",
            value=show(value),
            way=way,
            happened=ending.happened,
        )


async def expect_any_base_exception(lab: Lab) -> None:
    """Expect a promise to take an exception that is no Exception, as it takes any other one."""
    __tracebackhide__ = True
    promise: kata.Promise[object] = kata.Promise()
    call, stop = start_waiter(lab, promise), Stop("enough")
    await lab.pause(1)
    setting = lab.attempt(promise.set_exception, stop)
    await lab.pause(1)
    expect(
        setting.error is None,
        "set_exception was called with {stop}, a BaseException that is no Exception, and {happened}.",
        look="Its parameter is any BaseException. CancelledError, for one, is no Exception either.",
        stop=show(stop),
        happened=setting.happened,
    )
    for ending, way in ((call, "`await`"), (lab.attempt(promise.result), "result()")):
        ending.expect_error(
            stop,
            "set_exception was called with {expected}, a BaseException that is no Exception, and {way} {happened}.",
            look="Who asks for the outcome gets the very exception that was set, of whatever kind.",
            way=way,
        )


@pytest.mark.task(2)
async def test_a_finished_promise_can_be_awaited(lab: Lab) -> None:
    """Promise: one that is finished can be awaited again and again, also with None."""
    for outcome in ("value", LookupError("no such page"), None, 0, False):
        promise: kata.Promise[object] = kata.Promise()
        before = start_waiter(lab, promise)
        await lab.pause(1)
        finish(lab, promise, outcome)
        await lab.pause(1)
        expect_outcome(before, outcome, "from the beginning")
        for _ in range(3):
            after = start_waiter(lab, promise)
            await lab.pause(1)
            expect_outcome(after, outcome, "afterwards")
        fresh: kata.Promise[object] = kata.Promise()
        finish(lab, fresh, outcome)
        late = start_waiter(lab, fresh)
        await lab.pause(1)
        expect_outcome(late, outcome, "for the first time afterwards")
        done = bool(fresh.done())
        expect(done, "The promise was finished with {outcome}, but done() says no.", outcome=show(outcome))
        if not isinstance(outcome, BaseException):
            lab.attempt(fresh.result).expect_value(outcome)


@pytest.mark.task(2)
async def test_waiting_costs_nothing(lab: Lab) -> None:
    """Promise: a waiter costs no timer and no polling, and goes on at the moment the outcome is set."""
    promise: kata.Promise[str] = kata.Promise()
    waiters = [start_waiter(lab, promise, f"waiter {number}") for number in range(1, 17)]
    await lab.turns(SOME_TURNS)
    timer, ready = lab.loop.next_timer(), lab.loop.ready_count()
    await lab.pause(2)
    finish(lab, promise, "value")
    await lab.pause(2)
    for call in waiters:
        expect_outcome(call, "value", "from the beginning")
    expect(
        timer is None,
        "16 tasks wait for a promise, and a timer is set for t={due}.",
        look="Asking again and again is no waiting. Whoever sets the outcome knows when to wake the waiters.",
        due=timer,
    )
    expect(
        ready == 0,
        "16 tasks wait for a promise, and {ready} callbacks are ready to run, turn after turn.",
        look="Asking again and again is no waiting. Whoever sets the outcome knows when to wake the waiters.",
        ready=ready,
    )
    late = [call.ended for call in waiters if call.ended != 2]
    expect(
        not late,
        "The promise was finished at t=2, but a waiter went on at t={ended}.",
        look="Whoever sets the outcome wakes the waiters, then and there.",
        ended=late[0] if late else 0.0,
    )


class Callback:
    """A callback that notes down what it is called with, and when."""

    def __init__(self, lab: Lab) -> None:
        self.args: list[tuple[Any, ...]] = []
        self.done: list[bool] = []
        self.on_loop_thread = True
        self._lab = lab

    def __call__(self, *args: Any) -> None:
        """Be called by the loop."""
        self.args.append(args)
        self.done += [bool(arg.done()) for arg in args if isinstance(arg, kata.Promise)]
        self.on_loop_thread = self.on_loop_thread and self._lab.on_loop_thread()

    @property
    def count(self) -> int:
        """How often it was called so far."""
        return len(self.args)

    def expect_called_with(self, promise: "kata.Promise[Any]") -> None:
        """Expect one call, with the finished promise as its only argument."""
        __tracebackhide__ = True
        got = "(" + ", ".join("itself" if arg is promise else show(arg) for args in self.args[:1] for arg in args) + ")"
        expect(
            len(self.args[0]) == 1 and self.args[0][0] is promise,
            "A callback was called with {args}; its one argument is the promise itself.",
            look="The callback asks the promise for its outcome, so it gets the promise.",
            args=got,
        )
        expect(self.done == [True], "A callback was called, and promise.done() was still False in it.")
        expect(
            self.on_loop_thread,
            "A callback was called in another thread.",
            look="The event loop itself calls it, on its own thread.",
        )


INSIDE = "call_soon hands a callback to the loop. Called on the spot, it would run in the middle of somebody's code."


@pytest.mark.task(3)
async def test_callbacks_are_called_by_the_loop(lab: Lab) -> None:
    """add_done_callback: the loop calls fn(promise), once, when the promise is finished; never inside the setter."""
    for outcome in ("value", LookupError("no such page"), None):
        promise: kata.Promise[object] = kata.Promise()
        callbacks = [Callback(lab), Callback(lab)]
        for callback in callbacks:
            lab.attempt(promise.add_done_callback, callback).raise_crash()
        await lab.pause(1)
        early = [callback.count for callback in callbacks]
        finish(lab, promise, outcome)
        inside = [callback.count for callback in callbacks]
        await lab.turns(SOME_TURNS)
        later = [callback.count for callback in callbacks]
        result = lab.attempt(promise.result)
        expect(early == [0, 0], "A callback was called, but the promise was not finished yet.")
        setter = "set_exception" if isinstance(outcome, BaseException) else "set_result"
        expect(
            inside == [0, 0],
            "{setter}({outcome}) had not returned yet when a callback was called.",
            look=INSIDE,
            setter=setter,
            outcome=show(outcome),
        )
        expect(
            later == [1, 1],
            "Two callbacks were added, then the promise was finished with {outcome}; they were called {counts} times.",
            look="Each callback is called once, also if the outcome is an exception, or None.",
            outcome=show(outcome),
            counts=Message.listed([str(count) for count in later]),
        )
        for callback in callbacks:
            callback.expect_called_with(promise)
        if isinstance(outcome, BaseException):
            result.expect_error(outcome)
        else:
            result.expect_value(outcome)


@pytest.mark.task(3)
async def test_late_callbacks_are_scheduled_too(lab: Lab) -> None:
    """add_done_callback: one that is added after completion is called by the loop too, and no other one again."""
    for outcome in ("value", LookupError("no such page"), None):
        promise: kata.Promise[object] = kata.Promise()
        first, second, third = Callback(lab), Callback(lab), Callback(lab)
        lab.attempt(promise.add_done_callback, first).raise_crash()
        finish(lab, promise, outcome)
        counts = []
        # The second while the loop has not called the first yet, the third when all that is over.
        for late in (second, third):
            added = lab.attempt(promise.add_done_callback, late)
            counts.append(late.count)
            await lab.turns(SOME_TURNS)
            added.raise_crash()
            expect(
                counts[-1] == 0,
                "The promise was finished; add_done_callback had not returned yet when it called the callback.",
                look=INSIDE,
            )
            expect(
                late.count > 0,
                "The promise was finished with {outcome}; a callback that was added then was never called.",
                look="Nobody will set the outcome again, so nobody will look at the list of callbacks again.",
                outcome=show(outcome),
            )
        seen = [callback.count for callback in (first, second, third)]
        result = lab.attempt(promise.result)
        expect(
            seen == [1, 1, 1],
            "One callback was added before completion and two after it; they were called {counts} times.",
            look="Whoever is added late is called alone: the others have had their call.",
            counts=", ".join(str(count) for count in seen),
        )
        for callback in (first, second, third):
            callback.expect_called_with(promise)
        if isinstance(outcome, BaseException):
            result.expect_error(outcome)
    order: list[str] = []
    adding: kata.Promise[object] = kata.Promise()

    def add_another(_: object) -> None:
        lab.loop.call_soon(order.append, "whoever was ready")
        adding.add_done_callback(lambda _: order.append("added"))

    lab.attempt(adding.add_done_callback, add_another).raise_crash()
    finish(lab, adding, "value")
    await lab.turns(SOME_TURNS)
    expect("added" in order, "A callback added another one to the finished promise, which was never called.")
    expect(
        order[0] != "added",
        "A callback added another one, and it was called in the same turn, ahead of what was ready before it.",
        look="A loop over a list that grows goes on with what is added; one that adds itself would never let go. "
        "Hand each late one to the event loop.",
    )


@pytest.mark.task(3)
async def test_invalid_states(lab: Lab) -> None:
    """Promise: setting it twice, or asking for the result too early, is an InvalidStateError and changes nothing."""
    too_early: kata.Promise[object] = kata.Promise()
    early = lab.attempt(too_early.result)
    expect(
        not isinstance(early.error, concurrent.futures.InvalidStateError),
        "Nothing was set yet, and result() raised concurrent.futures.InvalidStateError, expected that of asyncio.",
        look="They are two classes of the same name; who catches the one does not catch the other.",
    )
    early.expect_error(
        asyncio.InvalidStateError,
        "Nothing was set yet, and result() {happened}; expected asyncio.InvalidStateError.",
        look="There is nothing to return yet, and None would look like a value.",
    )
    finish(lab, too_early, "value")
    lab.attempt(too_early.result).expect_value(
        "value", "After a call of result() that came too early, then set_result('value'), result() returned {actual}."
    )
    failure, other = LookupError("first"), LookupError("second")
    for outcome in ("first", failure, None):
        for second in ("second", other):
            promise: kata.Promise[object] = kata.Promise()
            callback = Callback(lab)
            lab.attempt(promise.add_done_callback, callback).raise_crash()
            call = start_waiter(lab, promise)
            await lab.turns(SOME_TURNS)
            finish(lab, promise, outcome)
            moments = []
            for _ in range(2):
                # At once, then when everybody has been told.
                setter: Callable[[Any], None] = promise.set_result
                if isinstance(second, BaseException):
                    setter = promise.set_exception
                moments.append(lab.attempt(setter, second))
                await lab.turns(SOME_TURNS)
            for again in moments:
                again.expect_error(
                    asyncio.InvalidStateError,
                    "The promise was finished with {outcome}, then {call}({second}) {happened}; "
                    "expected asyncio.InvalidStateError.",
                    look="An outcome is final. Whoever sets it twice has a bug, and wants to hear of it.",
                    outcome=show(outcome),
                    second=show(second),
                )
            result = lab.attempt(promise.result)
            changed = "A second outcome was refused, but after that result() {happened}; the first was {expected}."
            if isinstance(outcome, BaseException):
                result.expect_error(outcome, changed, look="Refuse first, before anything is changed.")
            else:
                result.raise_crash()
                result.expect_value(
                    outcome, changed, look="Refuse first, before anything is changed.", happened=result.happened
                )
            expect_outcome(call, outcome, "from the beginning")
            expect(
                callback.count == 1,
                "The promise was finished, a second outcome refused twice, and a callback was called {count} times.",
                look="Refuse first, before anybody is told anything.",
                count=callback.count,
            )


def expect_cancelled(call: Call, moment: float) -> None:
    """Expect a waiter that was cancelled at this moment to have ended by that."""
    __tracebackhide__ = True
    if isinstance(call.error, NotImplementedError | TypeError):
        call.raise_crash()
    expect(
        call.over and (call.ended or 0.0) <= moment,
        "{waiter} was cancelled at t={moment}, but {what}.",
        look="Who is cancelled stops waiting, then and there.",
        mark=Mark(moment, "cancelled"),
        waiter=call.name,
        moment=moment,
        what=Message.of("it went on waiting until t={ended}", {"ended": call.ended})
        if call.over
        else Message("it is still waiting"),
    )
    call.expect_error(
        asyncio.CancelledError,
        "{call} was cancelled, but its `await` {happened}.",
        look="Let CancelledError out of __await__: it belongs to the waiter.",
    )


@pytest.mark.task(3)
async def test_cancelling_one_waiter(lab: Lab) -> None:
    """Promise: cancelling one waiter ends that one alone; neither the promise nor the other waiters notice."""
    promise: kata.Promise[str] = kata.Promise()
    callback = Callback(lab)
    lab.attempt(promise.add_done_callback, callback).raise_crash()
    # The first alone, so that whoever shares what is cancelled has nobody else to keep it alive.
    alone = start_waiter(lab, promise, "waiter 1")
    await lab.pause(1)
    alone.cancel()
    await lab.pause(1)
    done, called = bool(promise.done()), callback.count
    waiters = [start_waiter(lab, promise, f"waiter {number}") for number in (2, 3, 4)]
    await lab.pause(1)
    hit = [call for call in waiters if call.over]
    waiters[1].cancel()
    await lab.pause(1)
    hit += [call for call in (waiters[0], waiters[2]) if call.over]
    expect_cancelled(alone, 1)
    expect(
        not done and not called,
        "The one who waited was cancelled, and then {what}, although nothing has been set.",
        look="Cancelling a task cancels the future it waits for. If that is the promise's own, the promise is over.",
        what=Message("done() was True" if done else "a callback was called"),
    )
    expect(
        not hit,
        "One waiter was cancelled, and it ended for another one too: its `await` {happened}.",
        look="Cancelling a task cancels the future it waits for. Whoever else waits for the same one is hit as well.",
        happened=hit[0].happened if hit else "",
    )
    expect_cancelled(waiters[1], 3)
    finish(lab, promise, "value")
    await lab.pause(1)
    for call in (waiters[0], waiters[2]):
        expect_outcome(call, "value", "beside one that was cancelled")
    expect(
        callback.count == 1,
        "Two waiters were cancelled, then the promise was finished; a callback was called {count} times.",
        count=callback.count,
    )
    another: kata.Promise[str] = kata.Promise()
    leaving, staying = [start_waiter(lab, another, f"waiter {number}") for number in (5, 6)]
    await lab.pause(1)
    leaving.cancel()
    # The one that leaves has not had its turn yet.
    finished = lab.attempt(another.set_result, "value")
    await lab.pause(1)
    expect(
        finished.error is None,
        "A waiter was cancelled, and before it had its turn the promise was set: set_result {happened}.",
        look="A future that has been cancelled cannot be set any more. Ask each one before you set it.",
        mark=Mark(lab.now - 1, "set_result raises"),
        happened=finished.happened,
    )
    expect_outcome(staying, "value", "beside one that was cancelled in the same turn")
    leaving.expect_error(
        asyncio.CancelledError,
        "{call} was cancelled, and before it had its turn the promise was set; then its `await` {happened}.",
        look="A cancellation must not get lost, even if there is an outcome meanwhile. Let CancelledError out.",
    )
