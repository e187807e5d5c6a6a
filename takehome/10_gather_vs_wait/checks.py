"""Checks of kata 10, the third task of its other variant: work that has begun is finished."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import gather_vs_wait as kata
import pytest

from asyncio_katas.lab import Call, Lab, Mark, Message, Probe, Span, expect, show


def children(lab: Lab, plans: Mapping[str, tuple[float, object]], cleanup: dict[str, float]) -> Probe[[str], Any]:
    """Return an async function that, for each name, takes its time and then gives, or raises, its result."""

    async def work(name: str) -> object:
        seconds, result = plans[name]
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(work, cleanup=lambda name: cleanup.get(name, 0.0))


def first_left(work: Probe[[str], Any], call: Call) -> Span | None:
    """Return the first that was still running, or cleaning up, when the call ended."""
    ended = call.ended or 0.0
    return next((span for span in work.spans if span.end is None or span.end > ended), None)


def forgive_shields(lab: Lab) -> None:
    """Drop what only some releases of Python report.

    In the first ones of 3.14 a cancelled shield() lets the loop complain of a later exception of what stands behind
    it, also where somebody looks at that. An exception at which nobody looks is noticed all the same.
    """
    reports = lab.loop.complaints
    reports[:] = [report for report in reports if "in shielded future" not in str(report.get("message"))]


@pytest.mark.task(3)
async def test_a_cancelled_child_has_withdrawn(lab: Lab) -> None:
    """Both: a child cancelled by somebody else is an outcome, and for first_success as if it had not been given."""
    failure = LookupError("c")
    work = children(lab, {"a": (4, "A"), "b": (8, "B"), "c": (3, failure), "d": (2, "D")}, {"b": 1})
    tasks = [lab.loop.create_task(work(name)) for name in "abcd"]
    call = lab.call(kata.outcomes, tasks)
    await lab.pause(1)
    tasks[1].cancel()
    await call
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "'b' was cancelled by somebody else at t=1, and CancelledError left outcomes.",
        look="CancelledError is no Exception but a BaseException: `except Exception` and isinstance() miss it.",
        mark=Mark(1, "'b' is cancelled"),
    )
    call.raise_crash()
    value: Any = call.value
    pairs = value if type(value) is list and all(type(pair) is tuple and len(pair) == 2 for pair in value) else []
    cancelled = [pair[1] for pair in pairs if isinstance(pair[1], asyncio.CancelledError)]
    call.expect_value(
        [("ok", "A"), ("err", cancelled[0] if cancelled else asyncio.CancelledError()), ("err", failure), ("ok", "D")],
        "'b' was cancelled, 'c' failed, the others returned: outcomes gave {actual}, expected {expected}.",
        look="In outcomes every awaitable keeps its place, also one that was cancelled: its CancelledError is what "
        "became of it.",
    )

    failures = {"e": OSError("e"), "c": failure}
    work = children(lab, {"d": (8, "D"), "e": (3, failures["e"]), "c": (2, failure)}, {"d": 0.5})
    tasks = [lab.loop.create_task(work(name)) for name in "edc"]
    began = lab.now
    call = lab.call(kata.first_success, tasks)
    await lab.pause(1)
    tasks[1].cancel()
    await call
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "'d' was cancelled by somebody else, and CancelledError left first_success, whose caller nobody had cancelled.",
        look="Asking a cancelled task for its exception() raises CancelledError: ask cancelled() first.",
        mark=Mark(began + 1, "'d' is cancelled"),
    )
    members = list(call.error.exceptions) if isinstance(call.error, BaseExceptionGroup) else []
    seen = ", ".join(show(member) for member in members)
    withdrawn = [member for member in members if isinstance(member, asyncio.CancelledError)]
    expect(
        not withdrawn,
        "'d' was cancelled, then 'c' and 'e' failed, and the group holds {seen}: 'd' has not failed.",
        look="Ask each task whether it was cancelled() before you ask why it failed.",
        seen=seen,
    )
    expect(
        isinstance(call.error, ExceptionGroup)
        and len(members) == 2
        and all(member is expected for member, expected in zip(members, failures.values(), strict=True)),
        "'d' was cancelled, then 'c' and 'e' failed: first_success {happened}; expected an ExceptionGroup of the "
        "failures of 'e' and 'c', in the order given.",
        look="One that was cancelled neither wins nor fails. The race goes on among the others.",
        happened=Message.of("raised a group of {seen}", {"seen": seen}) if members else call.happened,
    )

    work = children(lab, {"a": (8, "A")}, {})
    task = lab.loop.create_task(work("a"))
    future: asyncio.Future[str] = lab.loop.create_future()
    given: list[Awaitable[object]] = [task, future]
    call = lab.call(kata.first_success, given)
    await lab.pause(1)
    future.cancel()
    await lab.pause(1)
    task.cancel()
    # Not `await call`: where only values and failures are counted, it may never end.
    await lab.until(lambda: call.over)
    expect(
        call.over,
        "A task and a future were given, and somebody cancelled both: expected a ValueError, but {call} waits for "
        "ever.",
        look="A child that was cancelled has ended, too. Is anybody left who could still win?",
        mark=Mark(lab.now, "still waiting"),
        call=call.name,
    )
    call.expect_error(
        ValueError,
        "A task and a future were given, and somebody cancelled both: {call} {happened}, expected a ValueError.",
        look="Who was cancelled counts as if never given, so nothing is left that could succeed or fail.",
    )


@pytest.mark.task(3)
async def test_a_cancelled_caller_lets_the_children_finish(lab: Lab) -> None:
    """Both: one cancellation of the caller cancels nobody; when all have ended by themselves, CancelledError leaves."""
    for function in (kata.outcomes, kata.first_success):
        failure = LookupError("b")
        plans = {"a": (8, "A"), "b": (3, failure), "c": (5, "C"), "d": (6, None), "e": (7, "E")}
        work = children(lab, plans, {})
        tasks = [lab.loop.create_task(work(name)) for name in plans]
        began = lab.now
        call = lab.call(function, tasks)
        await lab.pause(1)
        call.cancel()
        await lab.pause(3)
        tasks[4].cancel()
        await call
        forgive_shields(lab)

        hit = next((span for span in work.spans if span.cancels and span.label != "work e"), None)
        then = hit.cleanup or 0.0 if hit else 0.0
        moment = {"call": call.name, "t": then}
        reasons: dict[float, Message] = {
            1: Message.of("The caller of {call} was cancelled once, at t={t}", moment),
            3: Message.of("The caller of {call} had been cancelled once. 'b' failed at t={t}", moment),
            4: Message.of("The caller of {call} had been cancelled once. Somebody cancelled 'e' at t={t}", moment),
            5: Message.of("The caller of {call} had been cancelled once. 'c' succeeded at t={t}", moment),
        }
        other = Message.of("The caller of {call} had been cancelled once, and not again. It was t={t}", moment)
        expect(
            hit is None,
            "{what}, and {label} was cancelled. It was to finish its work.",
            look="gather() passes the caller's cancellation on to its children, and so does `await` on a child; wait() "
            "and shield() do not."
            if then == began + 1
            else "After one cancellation of the caller everybody runs on to the end, whatever becomes of the others.",
            mark=Mark(then, "{label} is cancelled"),
            what=reasons.get(then - began, other),
            label=hit.label if hit else "",
        )
        expect(
            call.error is not failure,
            "The caller of {call} was cancelled at t={t}. 'b' failed at t={then}, and its exception left the call.",
            look="A cancelled call drops what its children return or raise. gather() raises the first exception of a "
            "child unless it is told not to; wait() raises none.",
            mark=call.end(due=began + 8),
            call=call.name,
            t=began + 1,
            then=began + 3,
        )
        left = first_left(work, call)
        expect(
            left is None,
            "The caller of {call} was cancelled at t={t}, and the call ended at t={ended} while {label} was still "
            "running.",
            look="Somebody else cancelled 'e' at that moment. Its CancelledError is not the end of the others: wait() "
            "raises nothing of its children."
            if call.ended == began + 4
            else "CancelledError ends your wait, and not the children's work. Catch it, wait until all have ended, "
            "then let it out.",
            mark=call.end(due=began + 8),
            call=call.name,
            t=began + 1,
            ended=call.ended,
            label=left.label if left else "",
        )
        call.expect_error(
            asyncio.CancelledError,
            "The caller was cancelled at t={t} and all children have finished since, but {call} {happened}, expected "
            "CancelledError.",
            look="A cancellation may be put off until the work is done; then it has to leave the call. Whoever "
            "cancelled waits for that.",
            t=began + 1,
        )
        expect(
            call.ended == began + 8,
            "The last child ended at t={due}, but the cancelled call of {call} ended at t={ended}.",
            look="Once all have ended there is nothing to wait for any more.",
            mark=call.end(due=began + 8),
            call=call.name,
            due=began + 8,
            ended=call.ended,
        )


@pytest.mark.task(3)
async def test_a_second_cancellation_cancels_the_children(lab: Lab) -> None:
    """Both: a second cancellation cancels those that still run, nobody twice, and their cleanup is awaited."""
    for function in (kata.outcomes, kata.first_success):
        work = children(lab, {"a": (8, "A"), "b": (9, "B"), "c": (12, "C"), "d": (2, "D")}, {"a": 1, "b": 4, "c": 2})
        began = lab.now
        call = lab.call(function, [work(name) for name in "abcd"])
        for seconds in (1, 2, 1.5, 1.5):
            await lab.pause(seconds)
            call.cancel()
        await call

        second = began + 3
        running = [span for span in work.spans if span.label != "work d"]
        early = next((span for span in work.spans if span.cancels and (span.cleanup or 0.0) < second), None)
        expect(
            early is None,
            "The caller of {call} had been cancelled once, and {label} was cancelled at t={then}; the second "
            "cancellation came at t={second}.",
            look="The first cancellation of the caller cancels nobody.",
            mark=Mark(early.cleanup or 0.0, "{label} is cancelled", second) if early else None,
            call=call.name,
            label=early.label if early else "",
            then=early.cleanup if early else 0.0,
            second=second,
        )
        spared = next((span for span in running if span.cleanup != second), None)
        expect(
            spared is None,
            "The caller of {call} was cancelled a second time at t={second}, but {label} was not cancelled then.",
            look="The first CancelledError that reaches your code means 'finish the work', the second 'stop it'. "
            "After the first, do you still catch and count?",
            mark=Mark(second, "the second cancellation"),
            call=call.name,
            second=second,
            label=spared.label if spared else "",
        )
        twice = next((span for span in running if span.cancels > 1), None)
        expect(
            twice is None,
            "The caller of {call} was cancelled four times, and {label} {count} times, which interrupted its cleanup.",
            look="Once the children are cancelled, further cancellations may not reach them. gather() passes each one "
            "on, and a loop that cancels at every CancelledError does, too.",
            mark=Mark(began + 4.5, "the third cancellation"),
            call=call.name,
            label=twice.label if twice else "",
            count=twice.cancels if twice else 0,
        )
        left = first_left(work, call)
        expect(
            left is None,
            "The caller of {call} was cancelled again and again, and the call ended at t={ended} while {label}, "
            "cancelled at t={second}, was still cleaning up.",
            look="cancel() only asks. Wait until all the cancelled ones have ended, also when you are cancelled while "
            "you wait for that.",
            mark=call.end(due=began + 7),
            call=call.name,
            ended=call.ended,
            label=left.label if left else "",
            second=second,
        )
        call.expect_error(
            asyncio.CancelledError,
            "The caller was cancelled, but {call} {happened}, expected CancelledError.",
            look="The caller's own cancellation is no outcome of a child: when all have ended, it has to leave.",
        )
        expect(
            call.ended == began + 7,
            "The last cleanup was over at t={due}, but the cancelled call of {call} ended at t={ended}.",
            look="Once all have ended there is nothing to wait for any more.",
            mark=call.end(due=began + 7),
            call=call.name,
            due=began + 7,
            ended=call.ended,
        )

    work = children(lab, {"w": (1, "W"), "a": (8, "A"), "b": (9, "B")}, {"a": 4, "b": 2})
    began = lab.now
    call = lab.call(kata.first_success, [work(name) for name in "awb"])
    for _ in range(2):
        await lab.pause(2)
        call.cancel()
    await call
    twice = next((span for span in work.spans if span.cancels > 1), None)
    expect(
        twice is None,
        "'w' won at t={won}. The caller was cancelled while the losers were cleaning up, and {label} was cancelled "
        "once more, which interrupted its cleanup.",
        look="The losers are cancelled once, when there is a winner. After that nothing may be passed on to them.",
        mark=Mark(began + 2, "the caller is cancelled"),
        won=began + 1,
        label=twice.label if twice else "",
    )
    left = first_left(work, call)
    expect(
        left is None,
        "'w' won at t={won}, the caller was cancelled at t={t}, and the call ended at t={ended} before {label} had "
        "ended.",
        look="The losers' cleanup is awaited in any case, also when you are cancelled while you wait for it.",
        mark=call.end(due=began + 5),
        won=began + 1,
        t=began + 2,
        ended=call.ended,
        label=left.label if left else "",
    )
    call.expect_error(
        asyncio.CancelledError,
        "'w' won at t={won}, the caller was cancelled at t={t} while the losers were cleaning up, but {call} "
        "{happened}, expected CancelledError.",
        look="Whoever was cancelled does not return, not even with a winner: after the cleanup CancelledError leaves.",
        won=began + 1,
        t=began + 2,
    )
