"""Checks of kata 11."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import timeouts as kata

from asyncio_katas.lab import Call, Lab, Mark, Message, OnlyAwaitable, Probe, expect, show

Try = tuple[float, object]


def operation(lab: Lab, *tries: Try, cleanup: float = 0.0) -> Probe[[], object]:
    """Return an `op` whose n-th call takes so long, and then gives or raises that; the last one repeats."""
    upcoming = list(tries)

    async def op() -> object:
        seconds, result = upcoming.pop(0) if len(upcoming) > 1 else upcoming[0]
        if seconds:
            await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(op, cleanup=cleanup)


def never(number: int) -> float:
    """Be a backoff without any pause."""
    return 0.0


def retrying(
    lab: Lab,
    op: Callable[[], Awaitable[object]],
    *,
    attempts: int = 5,
    per_try: float = 64,
    deadline: float = 1024,
    backoff: Callable[[int], float] = never,
) -> Call:
    """Start `retry`, with limits nobody reaches unless a check says otherwise."""
    return lab.call(kata.retry, op, attempts=attempts, per_try=per_try, deadline=deadline, backoff=backoff)


def expect_called(op: Probe[[], object], call: Call) -> None:
    """Expect the operation to have been called at all; nothing else can be said without that."""
    expect(
        op.started > 0,
        "{call} {happened} without ever running the operation.",
        look="`op` is a function: call it, and await what it returns.",
        call=call.name,
        happened=call.happened,
    )


async def expect_any_awaitable(lab: Lab, start: Callable[[Callable[[], Awaitable[object]]], Call]) -> None:
    """Expect what `op()` returns to be awaited, whatever kind of awaitable it is."""
    inner = operation(lab, (2, "value"))

    def future() -> Awaitable[object]:
        answer: asyncio.Future[object] = lab.loop.create_future()
        lab.loop.call_later(2, answer.set_result, "value")
        return answer

    def custom() -> Awaitable[object]:
        return OnlyAwaitable(inner)

    for op, kind in ((future, Message("a future")), (custom, Message("an object with __await__"))):
        call = await start(op)
        expect(
            not isinstance(call.error, TypeError),
            "op() returned {kind} instead of a coroutine, and {call} {happened}.",
            look="`await` takes any awaitable, and so does ensure_future(); create_task() takes coroutines only.",
            kind=kind,
            call=call.name,
            happened=call.happened,
        )
        call.expect_value(
            "value", "op() returned {kind} that gives {expected}, but {call} returned {actual}.", kind=kind
        )


def starts(op: Probe[[], object]) -> list[float]:
    """Return when each try started."""
    return [span.start for span in op.spans]


def expect_no_limit_left(lab: Lab, call: Call) -> None:
    """Expect that nothing measures the time any more: the operation has ended, and with it the need for a limit."""
    left = Message("")
    if call.left_behind:
        running = getattr(call.left_behind[0].get_coro(), "__qualname__", "?")
        left = Message.of("a task that runs {running}", {"running": running})
    elif lab.timers:
        left = Message.of("a timer that is set for t={due}", {"due": lab.loop.timers()[0].when()})
    expect(
        left == Message(""),
        "{call} {happened} at t={ended}, as it should, but left something behind: {left}.",
        look="Once the operation has ended nobody needs the limit any more: cancel whatever still measures the time.",
        mark=Mark(call.ended or 0.0, "the call ends, the limit is still being measured"),
        call=call.name,
        happened=call.happened,
        ended=call.ended,
        left=left,
    )


@pytest.mark.task(1)
async def test_value_in_time(lab: Lab) -> None:
    """call_with_timeout: an operation that is fast enough gives its value, at once, and nothing is left behind."""
    op = operation(lab, (2, "value"))
    call = await lab.call(kata.call_with_timeout, op, 3)
    expect_called(op, call)
    call.expect_value("value", "The operation returned {expected} after 2 of 3 s, but {call} returned {actual}.")
    expect(
        call.ended == 2,
        "The value was there at t=2, but the call ended at t={ended}.",
        look="The limit is the longest you wait, not how long you wait.",
        mark=call.end(due=2),
        ended=call.ended,
    )
    expect(op.started == 1, "The operation was called {count} times instead of once.", count=op.started)
    expect_no_limit_left(lab, call)
    await expect_any_awaitable(lab, lambda op: lab.call(kata.call_with_timeout, op, 3))


@pytest.mark.task(1)
async def test_timeout_error_after_the_limit(lab: Lab) -> None:
    """call_with_timeout: when the time is over, TimeoutError leaves at that moment, and nothing runs on."""
    op = operation(lab, (8, "late"))
    call = await lab.call(kata.call_with_timeout, op, 3)
    expect_called(op, call)
    call.expect_error(
        TimeoutError,
        "The operation takes 8 s and the limit is 3 s: {call} {happened}, expected TimeoutError.",
        look="A task that is cancelled ends by CancelledError. If it was you who cancelled, turn it into TimeoutError."
        if isinstance(call.error, asyncio.CancelledError)
        else "TimeoutError tells the caller that there is no value: raise it, or let out the one that Python raises.",
    )
    expect(
        call.ended == 3,
        "The limit was 3 s, but TimeoutError came at t={ended}.",
        look="What did you still wait for after the limit was reached?",
        mark=call.end(due=3),
        ended=call.ended,
    )
    runs_on = not op.spans[0].over
    if runs_on:
        # The timeline is to show how it runs on, and not how the end of the check cuts it off.
        await lab.pause(8)
    expect(
        not runs_on,
        "TimeoutError came at t={ended}, as it should, but the operation was still running: nobody had cancelled it.",
        look="wait() and shield() leave the operation running. Somebody has to cancel it.",
        mark=Mark(call.ended or 0.0, "TimeoutError leaves, the operation runs on"),
        ended=call.ended,
    )
    began = lab.now
    call = await lab.call(kata.call_with_timeout, operation(lab, (8, "late")), 0)
    expect(
        isinstance(call.error, TimeoutError) and call.ended == began,
        "The operation takes 8 s, the limit is 0 s: {call} {happened} after {took} s, expected TimeoutError at once.",
        look="0 is false, but it is a limit: there is no time at all. None would be no limit.",
        mark=call.end(due=began),
        call=call.name,
        happened=call.happened,
        took=(call.ended or 0.0) - began,
    )


@pytest.mark.task(1)
async def test_timeout_cancels_and_waits_for_cleanup(lab: Lab) -> None:
    """call_with_timeout: the operation is cancelled, and its cleanup is over when TimeoutError leaves."""
    op = operation(lab, (8, "late"), cleanup=2)
    call = await lab.call(kata.call_with_timeout, op, 3)
    expect_called(op, call)
    await lab.pause(16)
    span = op.spans[0] if op.spans else None
    expect(
        span is not None and span.cancels > 0,
        "The limit was reached at t=3, but the operation was never cancelled: it ran on behind your back.",
        look="wait() and shield() leave the operation running. Somebody has to cancel it.",
        mark=Mark(3, "the limit"),
    )
    expect(
        span is not None and (call.ended or 0.0) >= (span.end or 0.0),
        "TimeoutError left at t={ended}, but the operation was cleaning up until t={end}.",
        look="cancel() only asks. Wait until the operation has ended, then raise.",
        mark=Mark(call.ended or 0.0, "TimeoutError leaves"),
        ended=call.ended,
        end=span.end if span else 0.0,
    )
    expect(
        span is not None and span.cancels == 1 and call.ended == 5,
        "Cleaning up takes from t=3 to t=5, but the call ended at t={ended}.",
        look="Cancel once, and let the cleanup have its time.",
        mark=call.end(due=5),
        ended=call.ended,
    )
    call.expect_error(TimeoutError)


@pytest.mark.task(1)
async def test_own_exceptions_leave_as_they_are(lab: Lab) -> None:
    """call_with_timeout: an exception of the operation's own leaves unchanged, be it a TimeoutError."""
    for failure in (LookupError("no such page"), TimeoutError("the server was slow")):
        op = operation(lab, (1, failure))
        call = await lab.call(kata.call_with_timeout, op, 3)
        expect_called(op, call)
        call.expect_error(
            failure,
            "Before its limit the operation raised {expected}, but {call} {happened}.",
            look="What the operation raises is the caller's business: neither swallow, wrap nor replace it.",
        )
        expect_no_limit_left(lab, call)


@pytest.mark.task(2)
async def test_tries_and_pauses(lab: Lab) -> None:
    """retry: tries again after a pause of backoff(n), until a try succeeds."""
    asked: list[int] = []

    def backoff(number: int) -> float:
        asked.append(number)
        return 2.0**number

    op = operation(lab, (1, OSError("down")), (1, ConnectionResetError("reset")), (1, "value"))
    call = await retrying(lab, op, backoff=backoff)
    expect_called(op, call)
    expect(
        not isinstance(call.error, OSError),
        "5 tries are allowed, but the call ended after try {count} by raising {error}.",
        look="TimeoutError and every kind of OSError deserve another try as long as tries are left.",
        mark=op.due(0, 3, 8),
        count=op.started,
        error=show(call.error),
    )
    call.expect_value(
        "value",
        "The third try returned {expected}, but retry returned {actual}.",
        look="The first try that succeeds gives the value; nothing follows after it.",
    )
    expect(
        asked != [],
        "The first try failed, and the next one started without a pause: nobody asked for backoff(1).",
        look="Between two tries there is a pause; backoff says how long.",
    )
    expect(
        asked[:1] == [1],
        "After the first failed try, backoff was asked for {asked}; expected backoff(1), then backoff(2).",
        look="Tries are counted from 1.",
        asked=show(asked),
    )
    expect(
        starts(op) == [0, 3, 8],
        "The tries started at t={starts}; expected [0, 3, 8]: each fails after 1 s, the pauses are 2 s and 4 s.",
        look="After failed try n comes a pause of backoff(n) seconds, then try n + 1.",
        mark=op.due(0, 3, 8),
        starts=show(starts(op)),
    )
    await expect_any_awaitable(lab, lambda op: retrying(lab, op))


@pytest.mark.task(2)
async def test_per_try_limit(lab: Lab) -> None:
    """retry: a try that takes longer than per_try is cancelled and counts as failed."""
    op = operation(lab, (16, "late"), (1, "value"))
    call = await retrying(lab, op, per_try=2, backoff=lambda n: 1.0)
    expect_called(op, call)
    first = op.spans[0] if op.spans else None
    expect(
        first is not None and first.how == "cancelled",
        "The first try takes 16 s and per_try is 2 s, but nobody cancelled it.",
        look="Each try has a limit of its own, besides the deadline.",
        mark=Mark(2, "per_try is over"),
    )
    expect(
        starts(op) == [0, 3],
        "The tries started at t={starts}; expected [0, 3]: cancelled after 2 s, then a pause of 1 s.",
        look="A try that was cut off is a failed try like any other: pause, then try again.",
        mark=op.due(0, 3),
        starts=show(starts(op)),
    )
    call.expect_value("value", "The second try returned {expected}, but retry returned {actual}.")


@pytest.mark.task(2)
async def test_attempts_are_counted(lab: Lab) -> None:
    """retry: there are exactly `attempts` tries; the last one's own exception leaves, without a further pause."""
    failures = [OSError(f"try {number}") for number in range(1, 7)]
    for attempts, end in ((1, 1.0), (3, 11.0)):
        op = operation(lab, *[(1.0, failure) for failure in failures])
        began = lab.now
        call = await retrying(lab, op, attempts=attempts, backoff=lambda n: 4.0)
        expect_called(op, call)
        expect(
            op.started == attempts,
            "attempts={attempts}, and every try failed, but the number of tries was {count}.",
            look="The first try is a try too.",
            attempts=attempts,
            count=op.started,
        )
        call.expect_error(
            failures[attempts - 1],
            "attempts={attempts}: the last try raised {expected}, but {call} {happened}.",
            look="The caller wants to see why the last try failed: let that very exception out.",
            attempts=attempts,
        )
        expect(
            call.ended == began + end,
            "attempts={attempts}: the last try failed after {end} s, but the call ended after {ended} s.",
            look="A pause makes sense only if another try follows.",
            mark=call.end(due=began + end),
            attempts=attempts,
            end=end,
            ended=(call.ended or 0.0) - began,
        )


@pytest.mark.task(3)
async def test_deadline_cuts_the_running_try(lab: Lab) -> None:
    """retry: at the deadline the running try is cancelled, cleaned up, and TimeoutError leaves."""
    op = operation(lab, (2, OSError("down")), (32, "late"), cleanup=1)
    call = await retrying(lab, op, per_try=16, deadline=8, backoff=lambda n: 1.0)
    expect_called(op, call)
    await lab.pause(64)
    expect(
        op.started >= 2,
        "The first try failed with an OSError at t=2, and no second one was started.",
        look="There is time left until the deadline, and tries are left too.",
        mark=op.due(0, 3),
    )
    second = op.spans[1]
    counted_from_elsewhere = second.cleanup in (2 + 8, second.start + 8)
    expect(
        second.cleanup == 8,
        "The deadline was t=8, but the second try, which started at t={start}, {fate}.",
        look="There is one deadline for the whole call. It counts from the call, not from a try or a failure."
        if counted_from_elsewhere
        else "A deadline that is only looked at between the tries comes too late for the one that is running.",
        mark=Mark(8, "the deadline"),
        start=second.start,
        fate=Message.of("ran on until t={end}", {"end": second.end})
        if second.cleanup is None
        else Message.of("was cancelled at t={cleanup}", {"cleanup": second.cleanup}),
    )
    expect(
        op.started == 2,
        "The second try was cancelled at the deadline, t=8, but after that another one was started, at t={t}.",
        look="The deadline is no failed try: it ends everything.",
        mark=Mark(op.spans[2].start if op.started > 2 else 8, "another try after the deadline"),
        t=op.spans[2].start if op.started > 2 else 0.0,
    )
    call.expect_error(
        TimeoutError,
        "The deadline was reached during the second try: {call} {happened}, expected TimeoutError.",
        look="What ended the call is the deadline, and the caller learns that by TimeoutError, the built-in one.",
    )
    expect(
        call.ended == 9,
        "The deadline was t=8 and cleaning up took 1 s, but the call ended at t={ended}, expected t=9.",
        look="At the deadline there is one thing left to wait for: the cleanup of the try that runs.",
        mark=call.end(due=9),
        ended=call.ended,
    )


@pytest.mark.task(3)
async def test_deadline_cuts_the_pause(lab: Lab) -> None:
    """retry: at the deadline a pause is cut short, and TimeoutError leaves."""
    op = operation(lab, (1, ConnectionResetError("down")), (0, "value"))
    call = await retrying(lab, op, deadline=4, backoff=lambda n: 32.0)
    expect_called(op, call)
    expect(
        call.ended == 4,
        "The deadline was t=4, in the middle of a pause, but the call ended at t={ended}.",
        look="The pause is part of what the deadline covers: neither sleep through it nor give up before it.",
        mark=call.end(due=4),
        ended=call.ended,
    )
    expect(
        op.started == 1,
        "The deadline was t=4, in the middle of a pause, but another try was started then, and {call} {happened}.",
        look="A pause that the deadline cuts short is not over: nothing follows it but TimeoutError.",
        mark=op.due(0),
        call=call.name,
        happened=call.happened,
    )
    call.expect_error(
        TimeoutError,
        "The deadline was reached during a pause: {call} {happened}, expected TimeoutError.",
        look="What ended the call is the deadline, not the try that failed before.",
    )


@pytest.mark.task(3)
async def test_deadline_covers_all_tries_together(lab: Lab) -> None:
    """retry: the deadline counts from the call, over all tries and pauses together."""
    op = operation(lab, (2, OSError("down")))
    call = await retrying(lab, op, attempts=9, per_try=4, deadline=7, backoff=lambda n: 1.0)
    expect_called(op, call)
    expect(
        starts(op) == [0, 3, 6],
        "Tries take 2 s, pauses 1 s, and the deadline is t=7: the tries started at t={starts}, expected [0, 3, 6].",
        look="There is one deadline for the whole call; it does not start again with each try.",
        mark=op.due(0, 3, 6),
        starts=show(starts(op)),
    )
    expect(
        call.ended == 7,
        "The deadline was t=7, but the call ended at t={ended}.",
        look="There is one deadline for the whole call; it does not start again with each try.",
        mark=call.end(due=7),
        ended=call.ended,
    )
    call.expect_error(TimeoutError)


@pytest.mark.task(3)
async def test_only_some_failures_are_retried(lab: Lab) -> None:
    """retry: TimeoutError and OSError are worth another try; anything else leaves at once."""
    failure = LookupError("no such page")
    op = operation(lab, (1, failure))
    call = await retrying(lab, op)
    expect_called(op, call)
    expect(
        op.started == 1,
        "The operation raised {failure}, and was tried {count} times.",
        look="Retrying helps against failures that pass. A mistake stays one, however often it is tried.",
        failure=show(failure),
        count=op.started,
    )
    call.expect_error(failure)
    for passing in (TimeoutError("the server was slow"), ConnectionRefusedError("not up yet")):
        op = operation(lab, (1, passing), (1, "value"))
        call = await retrying(lab, op)
        expect_called(op, call)
        expect(
            op.started == 2,
            "The operation raised {failure}, which deserves a second try, but the number of tries was {count}.",
            look="TimeoutError and every kind of OSError are retried, whoever raised them.",
            failure=show(passing),
            count=op.started,
        )
        call.expect_value("value")


@pytest.mark.task(3)
async def test_cancellation_from_outside(lab: Lab) -> None:
    """Both: a cancellation that is not the limit's own is no timeout and no failed try: it ends the call, at once."""
    for when, where, cleanup in ((1.0, "an operation", 1.0), (1.0, "a try", 1.0), (3.0, "a pause", 0.0)):
        op = operation(lab, (2, OSError("down")), cleanup=1)
        began = lab.now
        if where == "an operation":
            call = lab.call(kata.call_with_timeout, op, 3)
        else:
            call = retrying(lab, op, backoff=lambda n: 4.0)
        await lab.pause(when)
        call.cancel()
        await call
        expect_called(op, call)
        await lab.pause(32)
        expect(
            op.started == 1,
            "The caller was cancelled during {where}, and another try was started.",
            look="CancelledError is neither a TimeoutError nor an OSError: do not catch it, or let it out again.",
            where=Message(where),
        )
        expect(
            not cleanup or op.spans[0].how == "cancelled",
            "The caller was cancelled, but {where} was not: it ran on behind your back.",
            look="What runs in a task of its own is not cancelled with the caller. Somebody has to do it.",
            where=Message(where),
        )
        call.expect_error(
            asyncio.CancelledError,
            "The caller was cancelled during {where}, but {call} {happened}.",
            look="A cancellation from outside is no timeout. Tell whose cancellation it is before you translate it.",
            where=Message(where),
        )
        expect(
            call.ended == began + when + cleanup,
            "The caller was cancelled during {where}; the call ended after {took} s, expected {expected} s.",
            look="Stop at once, but wait for the cleanup of what is running.",
            where=Message(where),
            took=(call.ended or 0.0) - began,
            expected=when + cleanup,
        )
    await expect_cancellation_in_cleanup(lab)
    await expect_cancellation_inside(lab)


async def expect_cancellation_in_cleanup(lab: Lab) -> None:
    """Expect the caller's cancellation to end `retry` also while a try that was too slow is cleaning up."""
    cleaned_up = lab.gate()

    async def op() -> None:
        try:
            await lab.pause(16)
        finally:
            await cleaned_up

    slow, began = lab.probe(op), lab.now
    call = retrying(lab, slow, per_try=2, backoff=lambda n: 4.0)
    await lab.pause(3)
    call.cancel()
    cleaned_up.open()
    await call
    expect(
        slow.started == 1,
        "A try was cut by per_try and was cleaning up when the caller was cancelled, and another try was started.",
        look="Two have cancelled now, your limit and somebody else. Look whether it was your limit alone.",
        mark=Mark(began + 3, "the caller is cancelled"),
    )
    call.expect_error(
        asyncio.CancelledError,
        "A try was cut by per_try and was cleaning up when the caller was cancelled, but {call} {happened}.",
        look="Two have cancelled now, your limit and somebody else. Look whether it was your limit alone.",
    )


async def expect_cancellation_inside(lab: Lab) -> None:
    """Expect a CancelledError that comes from inside the operation to leave like any other exception of its own."""

    async def op() -> None:
        connection: asyncio.Future[None] = lab.loop.create_future()
        lab.loop.call_later(1, connection.cancel)
        await connection

    for retries in (False, True):
        inner = lab.probe(op)
        call = await (retrying(lab, inner) if retries else lab.call(kata.call_with_timeout, inner, 3))
        expect(
            inner.started == 1,
            "What the operation waited for was cancelled, and CancelledError left it, but it was tried {count} times.",
            look="Only TimeoutError and OSError deserve another try.",
            count=inner.started,
        )
        call.expect_error(
            asyncio.CancelledError,
            "Long before any limit, what the operation waited for was cancelled, and CancelledError left it, "
            "but {call} {happened}.",
            look="That nobody has cancelled you does not mean that it was your timer. Note when your timer strikes.",
        )
