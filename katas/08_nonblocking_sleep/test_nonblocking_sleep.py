"""Checks of kata 08. Loop time is virtual; the wall clock is frozen, and moves with the loop's."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import nonblocking_sleep as kata
import pytest
from freezegun import freeze_time

from asyncio_katas.lab import Lab, Mark, Message, OnlyAwaitable, expect, show

# A wall clock counts in microseconds, and their floats are coarser still: loop seconds may differ by as much.
EXACT = 2**-16
MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_asyncio_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make asyncio.sleep raise, under whatever name it was imported."""

    async def refuse(delay: float, result: Any = None) -> Any:
        raise RuntimeError("asyncio.sleep() is what you build in this kata; use timers and futures of the loop")

    monkeypatch.setattr(asyncio.sleep, "__code__", refuse.__code__)


class WallClock:
    """The wall clock of one check: frozen at midnight, it moves with the loop's clock, and can be set."""

    def __init__(self, lab: Lab, frozen: Any) -> None:
        self._frozen = frozen
        # What it shows when the loop's clock stands at 0.
        self._zero = MIDNIGHT - timedelta(seconds=lab.now)
        self._loop_time = lab.now
        lab.on_time(self._show)

    def _show(self, loop_time: float) -> None:
        self._loop_time = loop_time
        self._frozen.move_to(self.moment(0))

    def moment(self, seconds: float) -> datetime:
        """Return the moment that it will show in so many seconds."""
        return self._zero + timedelta(seconds=self._loop_time + seconds)

    def set_back(self, seconds: float) -> None:
        """Set it back, as a machine does that finds its clock fast."""
        self._zero -= timedelta(seconds=seconds)
        self._show(self._loop_time)


class SummerTime(tzinfo):
    """A time zone one hour ahead of UTC, and two from a given moment on."""

    def __init__(self, begins: datetime) -> None:
        self._begins = begins.replace(tzinfo=None)

    def utcoffset(self, local: datetime | None) -> timedelta:
        """Return the offset at a local time, read off the clock on the wall there."""
        summer = local is not None and local.replace(tzinfo=None) >= self._begins + timedelta(hours=2)
        return timedelta(hours=2 if summer else 1)

    def dst(self, local: datetime | None) -> timedelta:
        """Return what summer time adds."""
        return self.utcoffset(local) - timedelta(hours=1)

    def tzname(self, local: datetime | None) -> str:
        """Return the name of the zone."""
        return "with summer time"

    def fromutc(self, moment: datetime) -> datetime:
        """Return the local time of a moment given in UTC."""
        summer = moment.replace(tzinfo=None) >= self._begins
        return moment + timedelta(hours=2 if summer else 1)


class Nowhere(tzinfo):
    """A time zone that does not know its offset: with it, a datetime is as naive as without any."""

    def utcoffset(self, local: datetime | None) -> None:
        """Return no offset."""

    def dst(self, local: datetime | None) -> None:
        """Return nothing that summer time adds."""

    def tzname(self, local: datetime | None) -> str:
        """Return the name of the zone."""
        return "nowhere"


@contextmanager
def wall_clock(lab: Lab) -> Iterator[WallClock]:
    """Freeze the wall clock at midnight, and let it move with the loop's for as long as the block lasts."""
    with freeze_time(MIDNIGHT) as frozen:
        yield WallClock(lab, frozen)


async def turns_given(lab: Lab, fn: Callable[..., Awaitable[object]], *args: object) -> tuple[Any, int]:
    """Call a function while three tasks are ready; return the call, and how many had a turn before it ended."""
    seen: list[str] = []
    before: list[int] = []

    async def sleeper() -> object:
        value = await fn(*args)
        before.append(len(seen))
        return value

    async def ready(name: str) -> None:
        seen.append(name)

    call = lab.call(sleeper)
    others = [lab.call(ready, name) for name in "abc"]
    await call
    for other in others:
        await other
    return call, before[0] if before else 0


@pytest.mark.task(1)
async def test_sleeps_for_the_delay(lab: Lab) -> None:
    """sleep: returns the result after exactly that many seconds of loop time."""
    threads = set(threading.enumerate())
    call = lab.call(kata.sleep, 0.25, "done")
    await lab.turns(4)
    extra = [thread.name for thread in threading.enumerate() if thread not in threads]
    await call
    expect(
        not extra,
        "Waiting for 0.25 s took a thread: {names}.",
        look="A loop can wait for thousands of moments by itself: it has timers.",
        names=", ".join(extra),
    )
    call.expect_value("done", "sleep(0.25, {expected}) returned {actual}.", look="Whoever sleeps gets `result` back.")
    expect(
        call.ended == 0.25,
        "sleep(0.25) ended at t={ended} of loop time, expected t=0.25.",
        look="Which method of the loop has a callback called after a number of seconds?",
        mark=call.end(due=0.25),
        ended=call.ended,
    )
    plain = await lab.call(kata.sleep, 1)
    plain.expect_value(None, "sleep(1) returned {actual}, expected None.")


@pytest.mark.task(1)
async def test_sleepers_overlap(lab: Lab) -> None:
    """sleep: whoever sleeps lets the others run; three sleepers sleep at the same time."""
    began = lab.now
    calls = [lab.call(kata.sleep, delay, delay) for delay in (4.0, 1.0, 2.0)]
    for call in calls:
        await call
    for call, delay in zip(calls, (4.0, 1.0, 2.0), strict=True):
        call.expect_value(delay)
    ended = [(call.ended or 0.0) - began for call in calls]
    expect(
        ended == [4, 1, 2],
        "Three sleepers of 4, 1 and 2 s, started together, ended after {ended} s.",
        look="Each needs a timer and a future of its own, and waits for nobody else's.",
        mark=next((call.end(due=due) for call, due in zip(calls, (4, 1, 2), strict=True) if call.ended != due), None),
        ended=show(ended),
    )


@pytest.mark.task(1)
async def test_zero_gives_everybody_a_turn(lab: Lab) -> None:
    """sleep: with a delay of 0 or less, no time passes, but every ready task gets a turn."""
    for delay in (0, -1.0):
        call, turns = await turns_given(lab, kata.sleep, delay, "done")
        call.expect_value("done", "sleep({delay}, {expected}) returned {actual}.", delay=delay)
        expect(
            call.ended == call.began,
            "sleep({delay}) took {took} s of loop time.",
            look="Nothing to wait for: only step back behind those who are ready.",
            delay=delay,
            mark=call.end(due=call.began),
            took=(call.ended or 0.0) - call.began,
        )
        expect(
            turns == 3,
            "Three tasks were ready; {count} of them had a turn before sleep({delay}) returned.",
            look="A coroutine that never suspends lets nobody in, however many `await` there are.",
            count=turns,
            delay=delay,
        )


@pytest.mark.task(2)
async def test_costs_one_timer(lab: Lab) -> None:
    """sleep: a sleeper costs one timer, however long it sleeps."""
    # And once for a week.
    for delay in (2, 604800):
        before = lab.timers_set
        call = lab.call(kata.sleep, delay)
        await lab.turns(8)
        waiting = lab.timers
        await call
        call.raise_crash()
        expect(
            waiting > 0,
            "A task sleeps for {delay} s, but no timer is set.",
            look="What is going to wake it?",
            delay=delay,
        )
        expect(
            call.ended == delay + call.began,
            "sleep({delay}) took {took} s of loop time.",
            mark=call.end(due=call.began + delay),
            delay=delay,
            took=(call.ended or 0.0) - call.began,
        )
        expect(
            lab.timers_set - before == 1,
            "One task slept for {delay} s, and set {count} timers.",
            look="Looking again and again costs turns. One timer, at the right moment, is enough.",
            delay=delay,
            count=lab.timers_set - before,
        )


@pytest.mark.task(2)
async def test_cancelled_sleeper_leaves_nothing(lab: Lab) -> None:
    """sleep: cancelled, it ends with CancelledError at once, and its timer is gone."""
    call = lab.call(kata.sleep, 8.0)
    await lab.pause(1)
    call.cancel()
    await call
    left = lab.timers
    call.expect_error(
        asyncio.CancelledError,
        "A sleeper was cancelled, and {call} {happened}.",
        look="CancelledError belongs to whoever cancelled: clean up in `finally`, and let it out.",
    )
    expect(
        call.ended == 1,
        "A sleeper was cancelled at t=1, and ended at t={ended}.",
        look="Who is cancelled has no reason to wait any longer.",
        mark=call.end(due=1),
        ended=call.ended,
    )
    expect(
        left == 0,
        "A sleeper was cancelled, but its timer is still set: it would fire at t={due}.",
        look="What call_later returns can be cancelled. When is it certain that nobody needs it any more?",
        due=lab.loop.next_timer(),
    )
    await expect_cancelled_after_its_timer(lab)
    await expect_the_other_sleeps_on(lab)


async def expect_cancelled_after_its_timer(lab: Lab) -> None:
    """Expect a sleeper to be cancelled when its timer has fired, but it has not had its turn yet."""
    struck: list[float] = []

    def strike() -> None:
        if not call.over:
            struck.append(lab.now)
            call.cancel()

    call = lab.call(kata.sleep, 2.0)
    lab.loop.call_later(2.5, strike)
    await lab.pause(1)
    # Both moments pass while the loop is busy, so both callbacks come before the sleeper's turn.
    lab.busy(2)
    await call
    if struck:
        call.expect_error(
            asyncio.CancelledError,
            "A sleeper's time was over, but it was cancelled before it had its turn; {call} {happened}.",
            look="Until it has returned, it can be cancelled. Nobody else hears of a CancelledError that it keeps.",
        )


async def expect_the_other_sleeps_on(lab: Lab) -> None:
    """Expect one of two equal sleepers to sleep on when the other one is cancelled."""
    one, other = (lab.call(kata.sleep, 8.0, name) for name in ("one", "other"))
    await lab.pause(1)
    one.cancel()
    await lab.until(lambda: one.over and other.over)
    expect(
        other.over,
        "Two sleepers of 8 s began together and one was cancelled: the other never woke up.",
        look="Each sleeper needs a timer and a future of its own.",
    )
    took = (other.ended or 0.0) - other.began
    expect(
        other.error is None and took == 8,
        "Two sleepers of 8 s began together and one was cancelled after 1 s: the other {happened} after {took} s.",
        look="Whoever is cancelled takes the future along that it awaits. Each sleeper needs one of its own.",
        mark=other.end(due=other.began + 8),
        happened=other.happened,
        took=took,
    )


@pytest.mark.task(2)
async def test_every_does_not_drift(lab: Lab) -> None:
    """every: call k is made at start + k * interval, however long the calls take."""

    async def work() -> None:
        await lab.pause(3.5 if fn.started == 2 else 1)

    fn = lab.probe(work)
    await lab.pause(2)
    call = await lab.call(kata.every, 4, fn, times=3)
    call.raise_crash()
    starts = [span.start - call.began for span in fn.spans]
    expect(
        fn.started == 3,
        "times=3, but fn was called {count} times.",
        look="`times` counts the calls, the first one included.",
        count=fn.started,
    )
    expect(
        starts[0] == 0,
        "The first call was made {first} s after the start, expected at once.",
        look="Call 0 is due at start + 0 * interval.",
        mark=fn.due(*(call.began + due for due in (0, 4, 8))),
        first=starts[0],
    )
    expect(
        starts != [0, 5, 12.5],
        "The interval is 4 s, calls take 1 s and 3.5 s: they were made after {starts} s, later and later.",
        look="Sleeping for the interval after each call adds up what the calls take. When is call k due?",
        mark=fn.due(*(call.began + due for due in (0, 4, 8))),
        starts=show(starts),
    )
    expect(
        starts == [0, 4, 8],
        "The interval is 4 s: calls were made after {starts} s, expected [0, 4, 8].",
        look="Call k is due at start + k * interval, whatever happened before.",
        mark=fn.due(*(call.began + due for due in (0, 4, 8))),
        starts=show(starts),
    )
    expect(
        (call.ended or 0.0) - call.began == 9,
        "The last call ended after 9 s, but every() returned after {ended} s.",
        look="It returns when the last call has ended: no earlier, and with no pause after it.",
        mark=call.end(due=call.began + 9),
        ended=(call.ended or 0.0) - call.began,
    )
    idle = await lab.call(kata.every, 4, fn, times=0)
    idle.raise_crash()
    expect(
        fn.started == 3 and idle.ended == idle.began,
        "times=0, but there were {count} calls, and every() took {took} s.",
        count=fn.started - 3,
        took=(idle.ended or 0.0) - idle.began,
    )
    ticket = await lab.call(kata.every, 4, lambda: OnlyAwaitable(lambda: lab.pause(1)), times=2)
    took = (ticket.ended or 0.0) - ticket.began
    expect(
        ticket.error is None and took == 5,
        "fn returned an object with `__await__` that takes 1 s: every(4, fn, times=2) {happened} after {took} s.",
        look="Not all that can be awaited is a coroutine. create_task takes nothing else, `await` takes everything.",
        mark=ticket.end(due=ticket.began + 5),
        happened=ticket.happened,
        took=took,
    )


@pytest.mark.task(2)
async def test_every_catches_up(lab: Lab) -> None:
    """every: calls never overlap; a late one starts as soon as the one before has ended, and the next is on time."""
    for first, times, expected in ((10.0, 5, [0.0, 10.0, 11.0, 12.0, 16.0]), (32.0, 3, [0.0, 32.0, 33.0])):

        async def work(seconds: float = first) -> None:
            await lab.pause(seconds if fn.started == 1 else 1)

        fn = lab.probe(work)
        call = await lab.call(kata.every, 4, fn, times=times)
        call.raise_crash()
        starts = [span.start - call.began for span in fn.spans]
        expect(
            fn.peak <= 1,
            "The first call takes {first} s and the interval is 4 s: {count} calls ran at the same time.",
            look="Await each call before you make the next one.",
            mark=Mark(fn.peak_at, "overlap"),
            first=first,
            count=fn.peak,
        )
        expect(
            fn.started == times,
            "times={times}, and the first call took {first} s instead of 4: {count} of the calls were made.",
            look="Calls that are late are made up for; none is left out.",
            mark=fn.due(*(call.began + due for due in expected)),
            times=times,
            first=first,
            count=fn.started,
        )
        expect(
            starts[1] == first,
            "The first call ended after {first} s, and the second, due after 4 s, was made after {second} s.",
            look="What is late starts at once.",
            mark=fn.due(*(call.began + due for due in expected)),
            first=first,
            second=starts[1],
        )
        expect(
            starts == expected,
            "The first call took {first} s instead of 4; calls were made after {starts} s, expected {expected}.",
            look="Those that are late follow at once. When is the next one due that is not late?",
            mark=fn.due(*(call.began + due for due in expected)),
            first=first,
            starts=show(starts),
            expected=show(expected),
        )


@pytest.mark.task(3)
async def test_until_a_moment_of_the_wall_clock(lab: Lab) -> None:
    """sleep_until: returns when the wall clock shows that moment, in whatever time zone it is given."""
    await lab.pause(1)
    with wall_clock(lab) as clock:
        for zone in (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))):
            call = await lab.call(kata.sleep_until, clock.moment(64.25).astimezone(zone))
            call.raise_crash()
            expect(
                abs((call.ended or 0.0) - call.began - 64.25) < EXACT,
                "The wall clock shows the moment 64.25 s from now, given in {zone}, but sleep_until took {took} s.",
                look="Compare aware moments with aware ones, in any time zone: their difference is a duration.",
                mark=call.end(due=call.began + 64.25),
                zone=str(zone),
                took=(call.ended or 0.0) - call.began,
            )
            call.expect_value(None)


@pytest.mark.task(3)
async def test_across_a_change_of_the_clocks(lab: Lab) -> None:
    """sleep_until: also when the time zone changes to summer time in between."""
    with wall_clock(lab) as clock:
        zone = SummerTime(clock.moment(4096))
        call = await lab.call(kata.sleep_until, clock.moment(8192).astimezone(zone))
    call.raise_crash()
    expect(
        abs((call.ended or 0.0) - 8192) < EXACT,
        "The moment is 8192 s from now, and in its time zone summer time begins before: sleep_until took {took} s.",
        look="Two moments of the same zone are subtracted as if that never changed. Compare them in UTC.",
        mark=call.end(due=8192),
        took=call.ended,
    )


@pytest.mark.task(3)
async def test_naive_moments_are_refused(lab: Lab) -> None:
    """sleep_until: a naive moment is a ValueError."""
    for zone in (None, Nowhere()):
        with wall_clock(lab) as clock:
            due = clock.moment(64).replace(tzinfo=zone)
            call = await lab.call(kata.sleep_until, due)
        call.expect_error(
            ValueError,
            "A datetime {without} was given: {call} {happened}, expected ValueError.",
            look="Without a time zone nobody knows which moment is meant. Refuse instead of guessing."
            if zone is None
            else "A tzinfo alone does not make a datetime aware: it is naive as long as its utcoffset() is None.",
            without=Message("without a time zone" if zone is None else "whose time zone knows no UTC offset"),
        )
        expect(
            call.ended == call.began,
            "A naive moment was refused only after {took} s.",
            mark=call.end(due=call.began),
            took=(call.ended or 0.0) - call.began,
        )


@pytest.mark.task(3)
async def test_past_moments_give_a_turn(lab: Lab) -> None:
    """sleep_until: for a moment that has passed, no time passes, but every ready task gets a turn."""
    with wall_clock(lab) as clock:
        call, turns = await turns_given(lab, kata.sleep_until, clock.moment(-64))
    call.raise_crash()
    expect(
        call.ended == call.began,
        "The moment had passed, but sleep_until took {took} s.",
        mark=call.end(due=call.began),
        took=(call.ended or 0.0) - call.began,
    )
    expect(
        turns == 3,
        "Three tasks were ready; {count} of them had a turn before sleep_until of a past moment returned.",
        look="It is like sleep(0): nothing to wait for, but step back once.",
        count=turns,
    )


@pytest.mark.task(3)
async def test_wall_clock_set_back(lab: Lab) -> None:
    """sleep_until: if the wall clock was set back meanwhile, it sleeps on until it shows the moment."""
    with wall_clock(lab) as clock:
        call = lab.call(kata.sleep_until, clock.moment(8))
        await lab.pause(4)
        clock.set_back(16)
        await lab.pause(8)
        # By little enough to be taken for the inaccuracy of a timer.
        clock.set_back(2**-6)
        await call
    call.raise_crash()
    due = 24 + 2**-6
    expect(
        abs((call.ended or 0.0) - 8) > EXACT,
        "The wall clock was set back by 16 s, and sleep_until returned 16 s too early.",
        look="Loop time and wall-clock time are two clocks. On waking, look again at the one you were asked about.",
        mark=call.end(due=due),
    )
    expect(
        abs((call.ended or 0.0) - due) < EXACT,
        "The wall clock was set back by 16 s and by {little} s: it shows the moment at t={due}, not at t={ended}.",
        look="It may be set back more than once: look each time you wake, and sleep for what is left, however little.",
        little=2**-6,
        due=due,
        mark=Mark(due, "the wall clock shows the moment"),
        ended=call.ended,
    )
