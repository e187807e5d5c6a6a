"""Checks of kata 10."""

import asyncio
from collections.abc import Awaitable, Iterable
from functools import partial
from typing import Any

import gather_vs_wait as kata
import pytest

from asyncio_katas.lab import Call, Lab, Mark, Message, OnlyAwaitable, Probe, expect, fail, show

# Later ones are faster, so that whoever collects results as they come gets them in the wrong order.
DELAYS = {"a": 8.0, "b": 7.0, "c": 6.0, "d": 5.0, "e": 4.0, "f": 3.0}


# Cleaning up takes each its own time, so that whoever waits for one of them has not waited for all.
CLEANUP = {"a": 1.0, "b": 4.0, "c": 2.0, "d": 3.0, "e": 1.0, "f": 1.0}


def worker(
    lab: Lab, results: dict[str, object], delays: dict[str, float], *, cleanup: bool = False
) -> Probe[[str], Any]:
    """Return an async function that, for each name, takes its delay and then gives, or raises, its result."""

    async def work(name: str) -> object:
        await lab.pause(delays[name])
        result = results[name]
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(work, cleanup=CLEANUP.__getitem__ if cleanup else 0.0)


def still_running(work: Probe[[str], Any], call: Call) -> list[str]:
    """Return who was still running, or cleaning up, when the call ended."""
    ended = call.ended or 0.0
    return [span.label for span in work.spans if span.end is None or span.end > ended]


def expect_accepted(call: Call, given: Message) -> None:
    """Expect that what was given could be awaited."""
    error = call.error
    if isinstance(error, TypeError) and "coroutine" in str(error):
        fail(
            "{given}, and {call} raised {error}.",
            look="create_task() takes coroutines only, and wait() takes no coroutine. What makes a task of anything?",
            given=given,
            call=call.name,
            error=show(error),
        )


@pytest.mark.task(1)
async def test_outcomes_runs_all_at_once(lab: Lab) -> None:
    """outcomes: all awaitables run at the same time."""
    work = worker(lab, {name: name.upper() for name in DELAYS}, DELAYS)
    call = await lab.call(kata.outcomes, [work(name) for name in DELAYS])
    call.raise_crash()
    work.due(*[0.0] * 6)
    expect(
        work.peak == 6,
        "At most {peak} of 6 awaitables ran at the same time; the call took {took} s instead of 8.",
        look="Awaiting a coroutine starts it and waits for its end. Make all of them tasks first, then wait.",
        mark=Mark(work.spans[-1].start if work.spans else 0.0, "this one could have started at t=0"),
        peak=work.peak,
        took=call.ended,
    )


@pytest.mark.task(1)
async def test_outcomes_in_the_order_given(lab: Lab) -> None:
    """outcomes: one outcome each, ("ok", value) or ("err", exception), in the order given."""
    failure = LookupError("no such page")
    results: dict[str, object] = {"a": "A", "b": None, "c": failure, "d": 0, "e": "E", "f": "F"}
    work = worker(lab, results, DELAYS)
    call = await lab.call(kata.outcomes, [work(name) for name in DELAYS])
    unfinished = [span for span in work.spans if span.how == "cancelled"]
    expect(
        not unfinished,
        "'c' failed at t=6, and {label} was cancelled: one failure must not end the others.",
        look="A TaskGroup cancels everybody when one fails; wait() and gather(return_exceptions=True) do not.",
        label=unfinished[0].label if unfinished else "",
    )
    expect(
        call.error is not failure,
        "'c' failed, and its exception left the call instead of becoming an outcome.",
        look="Catch it where the awaitable is awaited, or ask gather() or the task for it.",
    )
    call.expect_value(
        [("ok", "A"), ("ok", None), ("err", failure), ("ok", 0), ("ok", "E"), ("ok", "F")],
        "outcomes returned {actual}, expected {expected}.",
        look="One pair for each awaitable, in the order in which they were given, whenever they ended.",
    )
    call = await lab.call(kata.outcomes, [])
    call.expect_value([], "Without any awaitable outcomes returned {actual}, expected {expected}.")


@pytest.mark.task(1)
async def test_outcomes_takes_any_awaitable(lab: Lab) -> None:
    """outcomes: takes coroutines, tasks, futures and objects with `__await__`, in any iterable, a task even twice."""
    names = "abcdefghijkl"
    work = worker(lab, {name: name.upper() for name in names}, {name: 12.0 - i for i, name in enumerate(names)})
    given: list[Awaitable[str]] = []
    for first, second, third, fourth in zip("aei", "bfj", "cgk", "dhl", strict=True):
        future: asyncio.Future[str] = lab.loop.create_future()
        lab.loop.call_later(4, future.set_result, fourth.upper())
        given += [work(first), lab.loop.create_task(work(second)), OnlyAwaitable(partial(work, third)), future]
    call = await lab.call(kata.outcomes, iter(given))
    expect_accepted(call, Message("A coroutine, a task, an object with __await__ and a future were given"))
    call.expect_value(
        [("ok", name.upper()) for name in names],
        "For coroutines, tasks, objects with __await__ and futures: got {actual}, expected {expected}.",
    )
    twice, once = lab.loop.create_task(work("k")), lab.loop.create_task(work("l"))
    call = await lab.call(kata.outcomes, [twice, once, twice])
    call.expect_value(
        [("ok", "K"), ("ok", "L"), ("ok", "K")],
        "Two tasks were given, the first of them once more at the end: got {actual}, expected {expected}.",
        look="Whoever gave three looks for three, each at its place. In a set or a dict, the same task twice is one.",
    )


@pytest.mark.task(2)
async def test_first_success_wins(lab: Lab) -> None:
    """first_success: returns the first value there is, at the moment it is there, and nobody is left running."""
    work = worker(lab, {name: name.upper() for name in DELAYS}, DELAYS)
    call = await lab.call(kata.first_success, (work(name) for name in DELAYS))
    call.raise_crash()
    started = any(span.label == "work f" for span in work.spans)
    expect(
        work.peak == 6,
        "At most {peak} of 6 awaitables ran at the same time{never}.",
        look="It is a race: start all of them before you wait for any.",
        mark=work.due(*[0.0] * 6),
        peak=work.peak,
        never=Message("" if started else "; 'f', which takes 3 s, was never started"),
    )
    call.expect_value(
        "F",
        "'f' was the first to succeed, at t=3, but first_success returned {actual}.",
        look="The first in time counts, not the first in the list.",
    )
    expect(
        call.ended == 3,
        "There was a winner at t=3, but the call ended at t={ended}.",
        look="As soon as there is a winner, nobody needs to wait for the others to finish by themselves.",
        mark=call.end(due=3),
        ended=call.ended,
    )
    running = [span for span in work.spans if not span.over and not span.cancels]
    if running:
        # The timeline is to show how they run on, and not how the end of the check cuts them off.
        await lab.pause(8)
    expect(
        not running,
        "first_success returned 'F' at t=3, as it should, but {label} was still running: nobody had cancelled it.",
        look="Whoever is still pending when there is a winner has to be cancelled.",
        mark=Mark(3, "'f' has won, others run on"),
        label=running[0].label if running else "",
    )


@pytest.mark.task(2)
async def test_falsy_values_are_successes(lab: Lab) -> None:
    """first_success: 0, None and "" are values like any other."""
    for value in (0, None, ""):
        work = worker(lab, {"a": value, "b": "late"}, {"a": 1, "b": 2})
        call = await lab.call(kata.first_success, [work("a"), work("b")])
        call.expect_value(
            value,
            "The first to succeed returned {expected}, but first_success returned {actual}.",
            look="Whether it succeeded is a question to the task (did it raise?), not to the value's truth.",
        )


@pytest.mark.task(2)
async def test_failures_are_skipped(lab: Lab) -> None:
    """first_success: who fails is out of the race; the others run on."""
    results: dict[str, object] = {"a": "A", "b": LookupError("b"), "c": OSError("c"), "d": "D"}
    work = worker(lab, results, {"a": 4, "b": 1, "c": 2, "d": 3})
    call = await lab.call(kata.first_success, [work(name) for name in "abcd"])
    expect(
        not isinstance(call.error, LookupError | OSError),
        "'b' was the first to end, by failing, and its exception left the call: {error}.",
        look="The first that ends need not be the first that succeeds. Look at each one that is done, then go on.",
        error=show(call.error),
    )
    call.expect_value("D", "'d' was the first to succeed, but first_success returned {actual}.")

    names = [str(number) for number in range(32)]
    for winner in names[::8]:
        results = {name: LookupError(name) for name in names} | {winner: "won", "late": "late"}
        work = worker(lab, results, dict.fromkeys(names, 1.0) | {"late": 8.0})
        call = await lab.call(kata.first_success, [work(name) for name in [*names, "late"]])
        call.expect_value(
            "won",
            "31 failed and one succeeded at the same moment, but first_success returned {actual}, which came later.",
            look="Several may be done when you wake up. Look at all of them before you wait again.",
        )


@pytest.mark.task(2)
async def test_losers_are_cancelled_and_cleaned_up(lab: Lab) -> None:
    """first_success: the losers are cancelled, and their cleanup is over when the call returns."""
    work = worker(lab, {name: name.upper() for name in DELAYS}, DELAYS, cleanup=True)
    call = await lab.call(kata.first_success, [work(name) for name in DELAYS])
    call.raise_crash()
    uncancelled = [span for span in work.spans if not span.cancels and span.label != "work f"]
    expect(
        not uncancelled,
        "'f' won at t=3, but {label} was never cancelled.",
        look="Whoever is still pending when there is a winner has to be cancelled.",
        mark=Mark(3, "'f' has won"),
        label=uncancelled[0].label if uncancelled else "",
    )
    twice = [span for span in work.spans if span.cancels > 1]
    expect(
        not twice,
        "{label} was cancelled {cancels} times; the second one interrupted its cleanup.",
        look="Cancel each loser once, then wait.",
        label=twice[0].label if twice else "",
        cancels=twice[0].cancels if twice else 0,
    )
    left = still_running(work, call)
    expect(
        not left,
        "The call returned at t={ended} while {label}, which had been cancelled, was still cleaning up.",
        look="cancel() only asks. Wait until all the cancelled ones have ended, then return.",
        mark=Mark(call.ended or 0.0, "the call returns"),
        ended=call.ended,
        label=left[0] if left else "",
    )
    call.expect_value("F")


@pytest.mark.task(2)
async def test_all_fail(lab: Lab) -> None:
    """first_success: if all fail, an ExceptionGroup tells of each, in the order given."""
    failures: dict[str, Exception] = {name: LookupError(name) for name in DELAYS}
    failures["c"] = ExceptionGroup("c", [OSError("c1"), OSError("c2")])
    work = worker(lab, dict(failures), DELAYS)
    call = await lab.call(kata.first_success, [work(name) for name in DELAYS])
    group = call.error
    if not isinstance(group, ExceptionGroup):
        call.expect_error(
            ExceptionGroup,
            "All 6 failed, but {call} {happened}; expected an ExceptionGroup of all 6.",
            look="The caller wants to know why there is no value: collect the failures, and raise them as one group.",
        )
        return
    seen = [show(error) for error in group.exceptions]
    expect(
        len(seen) == 6,
        "All 6 failed, but the group holds {count}: {seen}.",
        look="Keep every failure until it is clear that nobody succeeds.",
        count=len(seen),
        seen=", ".join(seen),
    )
    expect(
        all(error is failure for error, failure in zip(group.exceptions, failures.values(), strict=True)),
        "The group holds {seen}; expected the failures in the order of the awaitables, a to f.",
        look="Order them by the place of their awaitable; they failed in another order, and sets have none.",
        seen=", ".join(seen),
    )
    call = await lab.call(kata.first_success, [worker(lab, dict(failures), {"a": 1})("a")])
    expect(
        isinstance(call.error, ExceptionGroup),
        "One awaitable was given and it failed: {call} {happened}; expected an ExceptionGroup of one.",
        look="The caller should not need two kinds of `except`: one failure is a group too.",
        call=call.name,
        happened=call.happened,
    )


@pytest.mark.task(2)
async def test_nothing_to_run(lab: Lab) -> None:
    """first_success: without any awaitable nobody can succeed: ValueError."""
    none: list[Iterable[Awaitable[object]]] = [[], iter(())]
    for nothing in none:
        call = lab.call(kata.first_success, nothing)
        # Not `await call`: where nobody looks whether there is anything to run, it may never end.
        await lab.until(lambda: call.over)
        expect(
            call.over,
            "No awaitable was given: expected a ValueError, but {call} waits for ever.",
            look="Nothing can succeed, and nobody will ever wake the call. See whether there is anything to wait for.",
            mark=Mark(lab.now, "still waiting"),
            call=call.name,
        )
        call.expect_error(
            ValueError,
            "No awaitable was given: {call} {happened}, expected a ValueError.",
            look="Nothing can succeed, and nothing has failed either. An empty generator is not falsy, by the way.",
        )


def cancellation_in(call: Call) -> BaseException:
    """Return the CancelledError among the outcomes, an object that nobody knows beforehand, or another one."""
    value: Any = call.value
    pairs = value if type(value) is list and all(type(pair) is tuple for pair in value) else []
    cancelled = [pair[1] for pair in pairs if isinstance(pair[1], asyncio.CancelledError)]
    return cancelled[0] if cancelled else asyncio.CancelledError()


@pytest.mark.task(3)
async def test_a_cancelled_child_is_an_outcome(lab: Lab) -> None:
    """outcomes: a child cancelled by somebody else is an outcome like any other; the others run on."""
    names = "abcdefgh"
    work = worker(lab, {name: name.upper() for name in names}, {name: 10.0 - i for i, name in enumerate(names)})
    tasks = [lab.loop.create_task(work(name)) for name in names]
    call = lab.call(kata.outcomes, tasks)
    await lab.pause(1)
    tasks[1].cancel()
    await call
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "'b' was cancelled by somebody else at t=1, and CancelledError left the call.",
        look="CancelledError is no Exception but a BaseException: `except Exception` and isinstance() miss it.",
        mark=Mark(1, "'b' is cancelled"),
    )
    expect_accepted(call, Message("Tasks were given"))
    call.raise_crash()
    expected: list[tuple[str, object]] = [("ok", name.upper()) for name in names]
    expected[1] = ("err", cancellation_in(call))
    call.expect_value(
        expected,
        "'b' was cancelled, the others returned: got {actual}, expected {expected}.",
        look="CancelledError is no Exception but a BaseException: `except Exception` and isinstance() miss it.",
    )

    work = worker(lab, {"a": "A", "b": "B"}, {"a": 2, "b": 8})
    tasks = [lab.loop.create_task(work(name)) for name in "ab"]

    async def cancelled_caller() -> object:
        try:
            await lab.pause(64)
        except asyncio.CancelledError:
            return await kata.outcomes(tasks)
        return None

    began = lab.now
    call = lab.call(cancelled_caller)
    await lab.pause(0.5)
    call.cancel()
    await lab.pause(0.5)
    tasks[1].cancel()
    await call
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "A caller that was cancelled called outcomes in its cleanup. After that somebody else cancelled 'b', and "
        "CancelledError left the call.",
        look="cancelling() also counts what came before the call. wait() never raises the CancelledError of a child: "
        "what comes out of it is meant for you.",
        mark=Mark(began + 1, "'b' is cancelled"),
    )
    call.expect_value(
        [("ok", "A"), ("err", cancellation_in(call))],
        "A caller that was cancelled called outcomes in its cleanup. After that somebody else cancelled 'b': "
        "got {actual}, expected {expected}.",
    )


@pytest.mark.task(3)
async def test_a_cancelled_child_has_failed(lab: Lab) -> None:
    """first_success: a child cancelled by somebody else has failed; if all have, it is a BaseExceptionGroup."""
    work = worker(lab, {"a": "A", "b": "B"}, {"a": 8, "b": 3})
    tasks = [lab.loop.create_task(work(name)) for name in "ab"]
    call = lab.call(kata.first_success, tasks)
    await lab.pause(1)
    tasks[0].cancel()
    await call
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "'a' was cancelled by somebody else, and CancelledError left the call although 'b' could still succeed.",
        look="Asking a cancelled task for its exception() raises CancelledError: ask cancelled() first.",
        mark=Mark(1, "'a' is cancelled"),
    )
    expect_accepted(call, Message("Tasks were given"))
    call.expect_value("B", "'a' was cancelled at t=1 and 'b' succeeded at t=3, but first_success returned {actual}.")

    failure = LookupError("c")
    work = worker(lab, {"c": failure, "d": "D"}, {"c": 2, "d": 8})
    tasks = [lab.loop.create_task(work(name)) for name in "dc"]
    call = lab.call(kata.first_success, tasks)
    await lab.pause(1)
    tasks[0].cancel()
    await call
    group = call.error
    members = list(group.exceptions) if isinstance(group, BaseExceptionGroup) else []
    expect(
        len(members) == 2 and isinstance(members[0], asyncio.CancelledError) and members[1] is failure,
        "'d' was cancelled, then 'c' failed: {call} {happened}, expected a BaseExceptionGroup of both, in this order.",
        look="An ExceptionGroup cannot hold CancelledError; BaseExceptionGroup picks the right class by itself.",
        call=call.name,
        happened=call.happened,
    )

    work = worker(lab, {"a": "A"}, {"a": 8}, cleanup=True)
    given: list[asyncio.Future[Any]] = [lab.loop.create_task(work("a")), *(lab.loop.create_future() for _ in "bc")]
    given[1].cancel()
    given[2].set_result("C")
    await lab.pause(1)
    call = await lab.call(kata.first_success, given)
    before = Message("When first_success was called, 'b' had been cancelled and 'c' had succeeded")
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "{before}, but CancelledError left the call.",
        look="Asking a cancelled task for its exception() raises CancelledError: ask cancelled() first.",
        before=before,
    )
    call.expect_value("C", "{before}, but it returned {actual}.", before=before)
    expect(
        work.spans[0].how != "returned",
        "{before}, but the call ended at t={ended}, when 'a' had run to its end.",
        look="Whoever waits for those that still run does not see who is done already. Look at all of them first.",
        mark=call.end(due=call.began),
        before=before,
        ended=call.ended,
    )
    expect(
        work.spans[0].cancels == 1,
        "{before}. It returned 'C', and 'a' was never cancelled.",
        look="A winner that was there before the race ends it like any other: whoever still runs has to be cancelled.",
        mark=Mark(call.ended or 0.0, "'c' has won, 'a' runs on"),
        before=before,
    )
    expect(
        not still_running(work, call),
        "{before}. 'a' was cancelled, and was still cleaning up when the call returned.",
        look="cancel() only asks. Wait until all the cancelled ones have ended, then return.",
        mark=Mark(call.ended or 0.0, "the call returns"),
        before=before,
    )


@pytest.mark.task(3)
async def test_cancelling_the_caller_cancels_the_children(lab: Lab) -> None:
    """Both: cancelling the caller cancels the children, and leaves none of them running."""
    for function in (kata.outcomes, kata.first_success):
        work = worker(lab, dict.fromkeys("abc", "late"), dict.fromkeys("abc", 8.0), cleanup=True)
        call = lab.call(function, [work(name) for name in "abc"])
        await lab.pause(1)
        call.cancel()
        await call
        uncancelled = [span for span in work.spans if not span.cancels]
        expect(
            not uncancelled,
            "The caller of {call} was cancelled, but {label} was not.",
            look="The caller's CancelledError comes once. Whoever takes it for the end of a child goes on to the next."
            if len(uncancelled) < work.started
            else "The cancellation of the caller has to reach the children: gather() passes it on, wait() and shield() "
            "do not.",
            call=call.name,
            label=uncancelled[0].label if uncancelled else "",
        )
        left = still_running(work, call)
        expect(
            not left,
            "The caller of {call} was cancelled, and the call ended while {label} was still cleaning up.",
            look="cancel() only asks. Wait until the cancelled ones have ended, then let CancelledError out.",
            mark=Mark(call.ended or 0.0, "the call ends"),
            call=call.name,
            label=left[0] if left else "",
        )
        call.expect_error(
            asyncio.CancelledError,
            "The caller was cancelled, but {call} {happened}.",
            look="The caller's own cancellation is no outcome of a child: clean up, and let it pass on.",
        )
    await expect_cancelled_before_their_turn(lab)
    await expect_cleanup_of_losers(lab)


async def expect_cancelled_before_their_turn(lab: Lab) -> None:
    """Expect tasks that were handed in to be cancelled also where the caller is cancelled as soon as it waits."""
    for function in (kata.outcomes, kata.first_success):
        work = worker(lab, dict.fromkeys("abc", "late"), dict.fromkeys("abc", 8.0), cleanup=True)
        tasks = [lab.loop.create_task(work(name)) for name in "abc"]
        await lab.turns()
        call = lab.call(function, tasks)
        # Its first turn comes before this, and that of everything it starts after it.
        lab.loop.call_soon(call.cancel)
        await call
        left = still_running(work, call)
        expect(
            not left,
            "{call} was given running tasks, and its caller was cancelled one turn after it had begun: {label} ran on.",
            look="A wrapper around a task that is cancelled before its first turn never runs, so nothing in it can "
            "cancel the task. Cancel what you were given itself.",
            mark=Mark(call.ended or 0.0, "the call ends"),
            call=call.name,
            label=left[0] if left else "",
        )


async def expect_cleanup_of_losers(lab: Lab) -> None:
    """Expect no loser to outlive the call where the caller is cancelled while they clean up."""
    work = worker(lab, {"a": "late", "b": "late", "c": "won"}, {"a": 8.0, "b": 8.0, "c": 1.0}, cleanup=True)
    call = lab.call(kata.first_success, [work(name) for name in "abc"])
    await lab.pause(1.5)
    call.cancel()
    await call
    left = still_running(work, call)
    expect(
        not left,
        "There was a winner, and while the losers cleaned up the caller was cancelled: {label} outlived the call.",
        look="Waiting for the losers can be cancelled as well. Guard the whole work, not only the race.",
        mark=Mark(call.ended or 0.0, "the call ends"),
        label=left[0] if left else "",
    )
