"""Checks of kata 11, task 3: the deadline limits what is begun, and not what runs."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import timeouts as kata

from asyncio_katas.lab import Call, Lab, Mark, Message, Probe, expect, show


def service(lab: Lab, *answers: tuple[float, object], cleanup: float = 0.0) -> Probe[[], object]:
    """Return an `op` whose n-th call takes so long, and then gives or raises that; the last one repeats."""
    upcoming = list(answers)

    async def op() -> object:
        seconds, result = upcoming.pop(0) if len(upcoming) > 1 else upcoming[0]
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(op, cleanup=cleanup)


def retry(
    lab: Lab,
    op: Callable[[], Awaitable[object]],
    *,
    attempts: int = 6,
    per_try: float = 64,
    deadline: float = 1024,
    pause: float = 1,
) -> Call:
    """Start `retry` with the same pause after each failure, and limits nobody reaches unless a check says otherwise."""
    return lab.call(kata.retry, op, attempts=attempts, per_try=per_try, deadline=deadline, backoff=lambda n: pause)


def expect_begun(op: Probe[[], object], call: Call) -> None:
    """Expect that there was a first try: nothing else can be said without one."""
    expect(
        op.started > 0,
        "{call} {happened} without ever running the operation.",
        look="The first try begins in any case, however early the deadline is.",
        call=call.name,
        happened=call.happened,
    )


def expect_given_up(
    op: Probe[[], object],
    call: Call,
    failure: BaseException | type[BaseException],
    *,
    starts: list[float],
    failed: float,
    pause: float,
    deadline: float,
    look: str,
) -> None:
    """Expect tries at these moments, all in seconds from the call, and that nothing follows on the last one."""
    expect_begun(op, call)
    due = [call.began + start for start in starts]
    seen = [span.start for span in op.spans]
    now, until, limit = call.began + failed, call.began + failed + pause, call.began + deadline
    expect(
        len(seen) >= len(due),
        "The deadline was t={limit}, and tries were to begin at t={due}, but they began at t={seen}.",
        look="If the pause ends before the deadline, another try follows, whether that can end in time or not.",
        mark=op.due(*due),
        limit=limit,
        due=show(due),
        seen=show(seen),
    )
    expect(
        len(seen) <= len(due),
        "Try {count} failed at t={now}. A pause of {pause} s ends at t={until}, and the deadline was t={limit}, "
        "but another try was begun, at t={extra}.",
        look=look,
        mark=op.due(*due),
        count=len(due),
        now=now,
        pause=pause,
        until=until,
        limit=limit,
        extra=seen[-1] if len(seen) <= len(due) else seen[len(due)],
    )
    expect(
        seen == due,
        "The tries began at t={seen}, expected t={due}.",
        look="Each pause that is begun lasts to its end, and then a try follows.",
        mark=op.due(*due),
        seen=show(seen),
        due=show(due),
    )
    expect(
        call.ended == now,
        "The last try failed at t={now}. A pause of {pause} s ends at t={until}, and the deadline was t={limit}, "
        "so there was nothing left to wait for, but the call ended at t={ended}.",
        look="Look where the pause would end before you begin it. If that is too late, do not begin it.",
        mark=call.end(due=now),
        now=now,
        pause=pause,
        until=until,
        limit=limit,
        ended=call.ended,
    )
    call.expect_error(
        failure,
        "There was no time left for another try. The last one had failed with {expected}, but {call} {happened}.",
        look="The caller wants to see why the last try failed: let that very exception out.",
    )


@pytest.mark.task(3)
async def test_deadline_leaves_the_running_try_alone(lab: Lab) -> None:
    """retry: a running try is limited by its per_try, not by the deadline; its value counts, however late."""
    op = service(lab, (2, OSError("down")), (8, "value"))
    call = await retry(lab, op, per_try=16, deadline=8)
    expect_begun(op, call)
    expect(
        op.started >= 2,
        "The first try failed at t=2 and its pause ends at t=3, long before the deadline, t=8, but no second try "
        "was begun: {call} {happened}.",
        look="What counts is when the next try begins, and not when it could end.",
        mark=op.due(0, 3),
        call=call.name,
        happened=call.happened,
    )
    second = op.spans[1]
    runs_on = not second.over
    if runs_on:
        # The timeline is to show how it runs on, and not how the end of the check cuts it off.
        await lab.pause(16)
    expect(
        second.cancels == 0,
        "The second try, begun at t={start}, was running when the deadline was reached, t=8. "
        "It was cancelled at t={cleanup}.",
        look="The deadline limits what is begun. A try that has begun has its whole per_try.",
        mark=Mark(second.cleanup or 0.0, "the try is cancelled"),
        start=second.start,
        cleanup=second.cleanup or 0.0,
    )
    expect(
        not runs_on,
        "The deadline was t=8, and the call ended at t={ended} while the second try was still running.",
        look="A try that has begun may end after the deadline: wait for it.",
        mark=call.end(due=11),
        ended=call.ended,
    )
    expect(
        call.error is None,
        "The second try returned 'value' at t={end}, after the deadline, t=8, but {call} {happened}.",
        look="A value is what the caller wants, however late it comes.",
        mark=Mark(second.end or 0.0, "the value is there"),
        end=second.end,
        call=call.name,
        happened=call.happened,
    )
    call.expect_value("value", "The second try returned {expected}, but retry returned {actual}.")
    expect(
        op.started == 2 and call.ended == 11,
        "The second try returned its value at t=11, but the call ended at t={ended}, after {count} tries.",
        look="The first try that succeeds gives the value; nothing follows after it.",
        mark=call.end(due=11),
        ended=call.ended,
        count=op.started,
    )
    await only_per_try_limits(lab)


async def only_per_try_limits(lab: Lab) -> None:
    """Let the deadline pass while the last try runs, and expect that its per_try, and nothing else, ends it."""
    op = service(lab, (2, OSError("down")), (32, "late"), cleanup=1)
    call = await retry(lab, op, attempts=2, per_try=4, deadline=5)
    expect_begun(op, call)
    begins, deadline, limit = call.began + 3, call.began + 5, call.began + 7
    expect(
        [span.start for span in op.spans] == [call.began, begins],
        "Two tries are allowed, and the call began at t={began} with a deadline of 5 s: tries began at t={starts}, "
        "expected t={due}.",
        look="The deadline counts from the call, not from the loop's zero, and only a try's beginning has to keep it.",
        mark=op.due(call.began, begins),
        began=call.began,
        starts=show([span.start for span in op.spans]),
        due=show([call.began, begins]),
    )
    second = op.spans[1]
    expect(
        second.cleanup == limit,
        "The second try began at t={begins} and per_try is 4 s, but it {fate}. The deadline was t={deadline}.",
        look="The deadline changes nothing about a try that runs: per_try limits it as it limits every other one.",
        mark=Mark(limit, "per_try is over"),
        begins=begins,
        deadline=deadline,
        fate=Message.of("ran on until t={end}", {"end": second.end})
        if second.cleanup is None
        else Message.of("was cancelled at t={cleanup}", {"cleanup": second.cleanup}),
    )
    call.expect_error(
        TimeoutError,
        "The last try took longer than its per_try: {call} {happened}, expected TimeoutError.",
        look="A try that was cancelled by its limit has failed with TimeoutError.",
    )
    expect(
        call.ended == limit + 1,
        "The second try was cancelled at t={limit} and cleaned up until t={cleaned}, but the call ended at t={ended}.",
        look="Wait for the cleanup of what you cancel, also after the deadline.",
        mark=call.end(due=limit + 1),
        limit=limit,
        cleaned=limit + 1,
        ended=call.ended,
    )


@pytest.mark.task(3)
async def test_no_pause_that_ends_too_late(lab: Lab) -> None:
    """retry: a pause that would end at the deadline or later is not begun; the last failure leaves at once."""
    failures = [OSError(f"try {number}") for number in range(1, 7)]
    soon = "Before you begin a pause, look where it would end."
    op = service(lab, *((1.0, failure) for failure in failures))
    call = await retry(lab, op, deadline=4, pause=32)
    expect_given_up(op, call, failures[0], starts=[0], failed=1, pause=32, deadline=4, look=soon)

    together = "There is one deadline for the whole call. It counts from the call, by the clock of the loop."
    op = service(lab, *((2.0, failure) for failure in failures))
    call = await retry(lab, op, deadline=7.5)
    expect_given_up(op, call, failures[2], starts=[0, 3, 6], failed=8, pause=1, deadline=7.5, look=together)

    exact = "A pause that ends at the very moment of the deadline ends too late: no try begins at the deadline."
    op = service(lab, *((1.0, failure) for failure in failures))
    call = await retry(lab, op, deadline=4, pause=3)
    expect_given_up(op, call, failures[0], starts=[0], failed=1, pause=3, deadline=4, look=exact)

    cleaned = "A try that was cancelled has failed once its cleanup has finished: that is when its pause would begin."
    op = service(lab, (32, "late"), cleanup=3)
    call = await retry(lab, op, per_try=4, deadline=8, pause=2)
    expect_given_up(op, call, TimeoutError, starts=[0], failed=7, pause=2, deadline=8, look=cleaned)

    late = "The first try begins in any case. After its failure even a pause of 0 s ends later than the deadline."
    op = service(lab, *((1.0, failure) for failure in failures))
    call = await retry(lab, op, deadline=0, pause=0)
    expect_given_up(op, call, failures[0], starts=[0], failed=1, pause=0, deadline=0, look=late)


@pytest.mark.task(3)
async def test_backoff_is_asked_once(lab: Lab) -> None:
    """retry: after each failed try backoff is asked once; that answer is compared with the deadline, and slept."""
    asked: list[int] = []
    answers = [1.0, 2.0, 64.0, 4.0, 8.0, 2.0, 1.0]

    def backoff(number: int) -> float:
        asked.append(number)
        return answers[len(asked) - 1] if len(asked) <= len(answers) else 64.0

    failures = [OSError(f"try {number}") for number in range(1, 7)]
    op = service(lab, *((1.0, failure) for failure in failures))
    call = await lab.call(kata.retry, op, attempts=6, per_try=64, deadline=32, backoff=backoff)
    expect_begun(op, call)
    expect(
        asked == [1, 2, 3],
        "Tries failed at t=1, 3 and 6, and the pauses are 1, 2 and 64 s, the last one too long for the deadline, t=32: "
        "backoff was asked for {asked}, expected [1, 2, 3].",
        look="Ask after each failure, once, and keep the answer: another time it may be another one.",
        mark=op.due(0, 2, 5),
        asked=show(asked),
    )
    expect_given_up(
        op,
        call,
        failures[2],
        starts=[0, 2, 5],
        failed=6,
        pause=64,
        deadline=32,
        look="The answer that is compared with the deadline is the one that is slept.",
    )


@pytest.mark.task(3)
async def test_what_leaves_at_once(lab: Lab) -> None:
    """retry: only TimeoutError and OSError deserve another try; all else leaves at once, a cancellation too."""
    failure = LookupError("no such page")
    op = service(lab, (1, failure))
    call = await retry(lab, op)
    expect_begun(op, call)
    expect(
        op.started == 1,
        "The operation raised {failure}, and was tried {count} times.",
        look="Retrying helps against failures that pass. A mistake stays one, however often it is tried.",
        failure=show(failure),
        count=op.started,
    )
    call.expect_error(failure)
    for passing in (TimeoutError("the server was slow"), ConnectionRefusedError("not up yet")):
        op = service(lab, (1, passing), (1, "value"))
        call = await retry(lab, op)
        expect(
            op.started == 2,
            "The operation raised {failure}, which deserves a second try, but the number of tries was {count}.",
            look="TimeoutError and every kind of OSError are retried, whoever raised them.",
            failure=show(passing),
            count=op.started,
        )
        call.expect_value("value")
    for when, where, cleanup in ((1.0, "a try", 2.0), (3.0, "a pause", 0.0), (9.0, "a try after the deadline", 2.0)):
        await cancelled_from_outside(lab, when, Message(where), cleanup)


async def cancelled_from_outside(lab: Lab, when: float, where: Message, cleanup: float) -> None:
    """Cancel the caller so long after the call, and expect that this ends it."""
    op = service(lab, (2, OSError("down")), (32, "value"), cleanup=2)
    call = retry(lab, op, deadline=8, pause=4)
    began = lab.now
    await lab.pause(when)
    call.cancel()
    await call
    tries, running = op.started, [span for span in op.spans if span.cancels == 0 and span.how != "raised"]
    await lab.pause(64)
    expect_begun(op, call)
    expect(
        op.started == tries == (2 if when > 6 else 1),
        "The caller was cancelled during {where}, and another try was begun.",
        look="CancelledError is neither a TimeoutError nor an OSError: do not catch it, or let it out again.",
        mark=Mark(began + when, "the caller is cancelled"),
        where=where,
    )
    expect(
        not running,
        "The caller was cancelled, but {where} was not: it ran on behind your back.",
        look="What runs in a task of its own is not cancelled with the caller. Somebody has to do it.",
        mark=Mark(began + when, "the caller is cancelled"),
        where=where,
    )
    call.expect_error(
        asyncio.CancelledError,
        "The caller was cancelled during {where}, but {call} {happened}.",
        look="A cancellation from outside is no failed try. Let the CancelledError itself leave.",
        where=where,
    )
    expect(
        call.ended == began + when + cleanup,
        "The caller was cancelled during {where}, at t={cancelled}; the call ended at t={ended}.",
        look="Stop at once, but wait for the cleanup of what is running.",
        mark=call.end(due=began + when + cleanup),
        where=where,
        cancelled=began + when,
        ended=call.ended,
    )
