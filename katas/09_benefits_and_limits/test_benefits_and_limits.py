"""Checks of kata 09."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import benefits_and_limits as kata
import pytest

from asyncio_katas.lab import Call, Lab, Mark, Message, Probe, expect, fail, show

NAMES = ("user", "orders", "messages", "recommendations")
# To wait, to keep the loop busy, or to be cancelled as soon as others get a turn.
Step = tuple[Literal["wait", "busy", "cancel"], float]
WHILE_LEAVING = "was cancelled while it was being left"


class User:
    """What `api.user()` gives, and `api.recommendations()` wants back."""


class Api:
    """The service behind the dashboard: each call takes `seconds[name]`, and is recorded."""

    def __init__(self, lab: Lab, **seconds: float) -> None:
        self.asked: list[tuple[str, object]] = []
        self.answers: dict[str, object] = {
            "user": User(),
            "orders": ["book", "pen"],
            "messages": [],
            "recommendations": {"pencil": 1},
        }

        async def answer(name: str, about: object) -> object:
            self.asked.append((name, about))
            await lab.pause(seconds[name])
            return self.answers[name]

        async def user(user_id: int) -> object:
            return await answer("user", user_id)

        async def orders(user_id: int) -> object:
            return await answer("orders", user_id)

        async def messages(user_id: int) -> object:
            return await answer("messages", user_id)

        async def recommendations(user: object) -> object:
            return await answer("recommendations", user)

        self.user = lab.probe(user, label=lambda user_id: "user")
        self.orders = lab.probe(orders, label=lambda user_id: "orders")
        self.messages = lab.probe(messages, label=lambda user_id: "messages")
        self.recommendations = lab.probe(recommendations, label=lambda user: "recommendations")

    def probe(self, name: str) -> Probe[..., object]:
        """Return one of the four calls by its name."""
        found: Probe[..., object] = getattr(self, name)
        return found

    def started(self, name: str) -> float:
        """Return when a call started first; never, if it was not made."""
        return self.probe(name).spans[0].start if self.probe(name).spans else float("inf")


def expect_each_asked(api: Api, call: Call) -> None:
    """Expect each of the four calls to have been made; nothing can be said about times without that."""
    call.raise_crash()
    for name in NAMES:
        expect(
            api.probe(name).started > 0,
            "load_dashboard ended and has never run api.{name}().",
            look="All four calls are needed: call each, and await what it returns.",
            name=name,
        )


@pytest.mark.task(1)
async def test_dashboard_is_complete(lab: Lab) -> None:
    """load_dashboard: gives the answers of the four calls under their names, each asked once, for the right user."""
    # Now this one is the last to come, now that one; and once there is nothing to say about the user.
    for orders, messages, user in ((2, 1, User()), (8, 16, User()), (16, 8, User()), (2, 1, {})):
        api = Api(lab, user=4, orders=orders, messages=messages, recommendations=8)
        api.answers["user"] = user
        call = await lab.call(kata.load_dashboard, api, 7)
        call.raise_crash()
        expect(
            bool(user) or api.recommendations.started > 0,
            "api.user() returned {user}, and then api.recommendations() was never called.",
            look="That is an answer like any other: whether it is there is one question, whether it is true another.",
            user=show(user),
        )
        expect_each_asked(api, call)
        for name in NAMES:
            count = api.probe(name).started
            expect(
                count == 1,
                "api.{name}() was called {count} times instead of once.",
                look="Keep the answer (or the task that will have it) and use it wherever it is needed.",
                name=name,
                count=count,
            )
        asked = dict(api.asked)
        for name in ("user", "orders", "messages"):
            expect(
                asked.get(name) == 7,
                "user_id was 7, but api.{name}() was asked about {value}.",
                name=name,
                value=show(asked.get(name)),
            )
        expect(
            asked.get("recommendations") is api.answers["user"],
            "api.recommendations() was asked about {value}, not about the user that api.user() returned.",
            look="The recommendations need the user itself: wait for that answer first, then hand it on.",
            value=show(asked.get("recommendations")),
        )
        call.expect_value(
            api.answers,
            "load_dashboard returned {actual}, expected {expected}.",
            look="A dict of four answers, each as it came and under its own name.",
        )


@pytest.mark.task(1)
async def test_independent_calls_overlap(lab: Lab) -> None:
    """load_dashboard: user, orders and messages are asked for at once, none waits for another."""
    api = Api(lab, user=4, orders=2, messages=1, recommendations=8)
    call = await lab.call(kata.load_dashboard, api, 7)
    expect_each_asked(api, call)
    for name in ("user", "orders", "messages"):
        expect(
            api.started(name) == 0,
            "api.{name}() was started only at t={t}; the dashboard took {took} s.",
            look="It needs nothing but user_id. An `await` waits for one call; start the independent ones before it.",
            mark=api.probe(name).due(0),
            name=name,
            t=api.started(name),
            took=call.ended,
        )
    expect(
        call.ended == 12,
        "User and recommendations take 12 s, and all else is shorter, but the dashboard took {took} s.",
        look="Once everything is there, nothing is left to wait for.",
        mark=call.end(due=12),
        took=call.ended,
    )


@pytest.mark.task(1)
async def test_recommendations_wait_for_the_user_only(lab: Lab) -> None:
    """load_dashboard: the recommendations are asked for as soon as the user is there, whatever else is missing."""
    # The user is the first of the three to come, or the second.
    for orders, messages in ((8.0, 16.0), (16.0, 8.0), (0.5, 16.0), (16.0, 0.5)):
        began = lab.now
        api = Api(lab, user=1, orders=orders, messages=messages, recommendations=2)
        call = await lab.call(kata.load_dashboard, api, 7)
        expect_each_asked(api, call)
        started, took = api.started("recommendations") - began, (call.ended or 0.0) - began
        expect(
            started == 1,
            "The user was there after 1 s, but the recommendations were asked for after {started} s; "
            "the dashboard took {took} s instead of 16.",
            look="They need the user and nothing else. Which await do they stand behind, and whom does it wait for?",
            mark=api.recommendations.due(began + 1),
            started=started,
            took=took,
        )
        expect(
            took == 16,
            "The longest of the four takes 16 s, and nothing comes after it, but the dashboard took {took} s.",
            look="Everything that can overlap should. What was still started, or waited for, so late?",
            mark=call.end(due=began + 16),
            took=took,
        )


@dataclass
class Item:
    """One thing to work on; `double` tells whose thread did it."""

    number: int
    on_loop_thread: bool | None = None


@pytest.mark.task(2)
async def test_fair_map_gives_the_results(lab: Lab) -> None:
    """fair_map: calls fn once for each item on the loop's thread, results in order, and no time passes."""
    for count, batch in ((10, 3), (0, 3), (6, 2), (2, 8), (1, 1)):
        items = [Item(number) for number in range(count)]
        called: list[int] = []

        def double(item: Item) -> int | None:
            called.append(item.number)
            item.on_loop_thread = lab.on_loop_thread()
            return item.number * 2 if item.number != 4 else None

        began = lab.now
        call = await lab.call(kata.fair_map, double, (item for item in items), batch=batch)
        expect(
            all(item.on_loop_thread is not False for item in items),
            "fn was called in another thread.",
            look="fn may touch what other tasks use, so it stays on the loop's thread. Fairness comes from pausing.",
        )
        if isinstance(call.error, TypeError):
            fail(
                "fair_map was given a generator of items that cannot be hashed, and raised {error}.",
                look="`items` is any iterable of anything: walk through it once, and do not ask for more.",
                error=show(call.error),
            )
        call.expect_value(
            [n * 2 if n != 4 else None for n in range(count)],
            "For {count} items and batch={batch} fair_map returned {actual}, expected {expected}.",
            look="One result for each item, None too, in the order of the items, an incomplete last batch included.",
            count=count,
            batch=batch,
        )
        expect(
            called == list(range(count)),
            "{count} items were given, and fn was called with {called}.",
            look="One call for each item, in their order.",
            count=count,
            called=show(called),
        )
        expect(
            call.ended == began,
            "fair_map took {took} s of loop time: between its batches it waited.",
            look="Giving others a turn is not waiting. Which await comes back as soon as each of them had its turn?",
            mark=call.end(due=began),
            took=(call.ended or 0.0) - began,
        )


@pytest.mark.task(2)
async def test_others_get_a_turn_after_each_batch(lab: Lab) -> None:
    """fair_map: after each `batch` calls, and only then, every other ready task gets a turn."""
    # And once with calls that take their time.
    for count, batch, seconds in ((10, 3, 0), (4, 1, 0), (6, 2, 0), (7, 8, 0), (7, 3, 1)):
        turns = [0, 0, 0]
        # How many turns each of the others had had when fn was called, and when fair_map returned.
        seen: list[list[int]] = []
        over = False

        async def other(number: int) -> None:
            # Always ready; but whoever waits for time must get it in the end.
            while not over and turns[number] < 200:
                turns[number] += 1
                await asyncio.sleep(0)

        def fn(number: int) -> int:
            seen.append(list(turns))
            if seconds:
                lab.busy(seconds)
            return number

        async def caller() -> None:
            await kata.fair_map(fn, range(count), batch=batch)
            seen.append(list(turns))

        others = [lab.loop.create_task(other(number)) for number in range(len(turns))]
        await lab.turns()
        call = await lab.call(caller)
        over = True
        await asyncio.wait(others)
        call.raise_crash()
        gained = [[b - a for a, b in zip(one, two, strict=True)] for one, two in pairwise(seen)]
        at_the_end = gained.pop() if gained else turns
        after = [number for number, gain in enumerate(gained, start=1) if max(gain)]
        due = list(range(batch, count, batch))
        slow = Message.of(", each call takes {seconds} s", {"seconds": seconds}) if seconds else ""
        expect(
            bool(after) or not due,
            "batch={batch}: fn was called {count} times in one go, and in between no other task got a turn.",
            look="After every `batch` calls, let the loop turn once before the next call. Which await does that?",
            count=count,
            batch=batch,
        )
        expect(
            set(after) >= set(due),
            "batch={batch}, {count} items{slow}: others got a turn after calls {after}; expected after calls {due}.",
            look="Count the calls: after each complete batch, and not only once, everybody gets a turn.",
            slow=slow,
            count=count,
            batch=batch,
            due=show(due),
            after=show(after),
        )
        expect(
            set(after) <= set(due),
            "batch={batch}, {count} items{slow}: others got a turn after calls {after}; "
            "expected only after calls {due}.",
            look="How long the calls take is no matter: it is `batch` that says how many are made between two turns."
            if seconds
            else "A turn has its price; `batch` says how many calls are made between two of them.",
            slow=slow,
            count=count,
            batch=batch,
            due=show(due),
            after=show(after),
        )
        expect(
            all(min(gained[number - 1]) for number in due),
            "batch={batch}: after a batch some of 3 ready tasks got a turn, but not all of them.",
            look="Go to the end of the queue of those who are ready, so that everybody comes before you.",
            batch=batch,
        )
        expect(
            min(at_the_end) > 0 or count % batch != 0,
            "batch={batch}, {count} items: the last call completes a batch, but fair_map returned without a turn "
            "for the others.",
            look="After each batch: the last one, too. Who calls fair_map in a loop would let nobody in otherwise.",
            count=count,
            batch=batch,
        )


@pytest.mark.task(2)
async def test_exception_of_fn_leaves(lab: Lab) -> None:
    """fair_map: the first exception of fn leaves as it is, and fn is not called again."""
    failure = LookupError("no such page")
    called: list[int] = []

    def fn(number: int) -> int:
        called.append(number)
        if number == 4:
            raise failure
        return number

    call = await lab.call(kata.fair_map, fn, range(16), batch=3)
    expect(
        called != [],
        "{call} {happened} without ever calling fn.",
        look="Call fn for each item, and collect what it returns.",
        call=call.name,
        happened=call.happened,
    )
    call.expect_error(
        failure,
        "fn raised {expected}, but {call} {happened}.",
        look="What fn raises is the caller's business: neither swallow, wrap nor collect it.",
    )
    expect(
        called == [0, 1, 2, 3, 4],
        "fn raised an exception at its 5th call, and was called {count} more times.",
        look="The first failure ends the work: nobody wants the other results any more.",
        count=len(called) - 5,
    )


@pytest.mark.task(2)
async def test_cancellable_between_batches(lab: Lab) -> None:
    """fair_map: a caller that is cancelled between two batches ends as cancelled, and fn is not called again."""
    called: list[int] = []

    def fn(number: int) -> int:
        called.append(number)
        return number

    call = lab.call(kata.fair_map, fn, range(64), batch=2)
    while not called and not call.over:
        await lab.turns()
    before = len(called)
    expect(
        before < 64 or not call.over,
        "All 64 calls of fn were made before anybody else had a turn to cancel the caller.",
        look="With batch=2 there is a turn for the others after every second call.",
    )
    call.cancel()
    await call
    call.expect_error(
        asyncio.CancelledError,
        "The caller was cancelled after {before} of 64 calls, but {call} {happened}.",
        look="CancelledError is raised where you give the others their turn. Do not catch it, or let it out again.",
        before=before,
    )
    expect(
        # One batch of grace: whoever has work and turns in different tasks hears of it a moment later.
        len(called) <= before + 2,
        "The caller was cancelled after {before} calls of fn, and {more} more were made.",
        look="Who was cancelled stops: what runs in a task of its own has to be cancelled as well.",
        before=before,
        more=len(called) - before,
    )
    struck: list[float] = []

    def strike() -> None:
        if not last.over:
            struck.append(lab.now)
            last.cancel()

    def cancelling(number: int) -> int:
        if number == 3:
            # The first who gets a turn after this call, if anybody does before the caller goes on.
            lab.loop.call_soon(strike)
        return number

    last = lab.call(kata.fair_map, cancelling, range(4), batch=2)
    await last
    if struck:
        last.expect_error(
            asyncio.CancelledError,
            "The caller was cancelled in the turn after the last of two batches, but {call} {happened}.",
            look="The work is done, but who was cancelled ends as cancelled: nobody else hears of it.",
        )


@dataclass
class Watch:
    """What was seen of one detector: its list in the block and after it, and the tasks that were left then."""

    entered: object = "not yet"
    first: object = None
    inside: object = None
    after: object = None
    left: int = 0


async def block(lab: Lab, watch: Watch, steps: Sequence[Step], problem: BaseException | None = None) -> None:
    """Go through the steps, watched by a detector with threshold 1 and interval 2."""
    before = asyncio.all_tasks()
    try:
        await _block(watch, lab, steps, problem)
    finally:
        # Before anybody else gets a turn: what was only told to end is still there.
        watch.left = len(asyncio.all_tasks() - before)


async def _block(watch: Watch, lab: Lab, steps: Sequence[Step], problem: BaseException | None) -> None:
    async with kata.StallDetector(threshold=1, interval=2) as detector:
        watch.entered = detector
        if detector is None:
            return
        watch.first = list(detector.stalls)
        for kind, seconds in steps:
            if kind == "busy":
                lab.busy(seconds)
            elif kind == "cancel":
                task = asyncio.current_task()
                assert task is not None
                lab.loop.call_soon(task.cancel)
            else:
                await lab.pause(seconds)
        watch.inside = list(detector.stalls)
        if problem is not None:
            raise problem
    watch.after = list(detector.stalls)


async def watched(lab: Lab, *steps: Step) -> tuple[float, list[float]]:
    """Run a block of these steps; return when it began, and the stalls that were seen."""
    watch = Watch()
    began = lab.now
    call = await lab.call(block, lab, watch, steps)
    expect(
        watch.entered is not None,
        "In `async with StallDetector(...) as detector` the name got None.",
        look="The name after `as` gets what __aenter__ returns: the detector itself.",
    )
    call.raise_crash()
    expect(
        watch.first == [],
        "A new detector has seen nothing yet, but at the first line of its block stalls is {stalls}.",
        look="A list in the body of the class is shared by all its objects; each detector needs one of its own.",
        stalls=show(watch.first),
    )
    expect(
        watch.inside == watch.after or type(watch.inside) is not list or not watch.after,
        "At the last line of the block stalls was {inside}; after the block it is {after}.",
        look="A stall is appended when the late probe comes, so that the block itself can look at it.",
        inside=show(watch.inside),
        after=show(watch.after),
    )
    expect(
        not call.left_behind,
        "The block was left, and a task that the detector had started ran on.",
        look="Who starts a task ends it: on leaving, cancel it, and wait until it has ended.",
    )
    stalls = watch.after if isinstance(watch.after, list) else []
    for late in stalls:
        expect(
            isinstance(late, float | int),
            "stalls is {stalls}; expected numbers of seconds.",
            stalls=show(stalls),
        )
    return began, stalls


@pytest.mark.task(3)
async def test_lateness_of_a_probe_is_recorded(lab: Lab) -> None:
    """StallDetector: a stall is recorded as how late the probe came that was due meanwhile; waiting is no stall."""
    await lab.pause(16)
    began, stalls = await watched(lab, ("wait", 15))
    expect(
        stalls == [],
        "For 15 s the block only waited and the loop was free, but stalls is {stalls}.",
        look="A block that awaits something slow does not stall the loop. Only a probe that comes late is a sign.",
        stalls=show(stalls),
    )
    # Probes are due 2, 4, ... seconds after entering; the third line keeps the second of them waiting.
    began, stalls = await watched(lab, ("wait", 2.5), ("busy", 5), ("wait", 8.25))
    mark = Mark(began + 4, "this probe was due")
    look = "What do you compare with the threshold: loop.time(), and the moment at which the probe should have come?"
    expect(
        stalls != [],
        "interval=2: a probe was due at t=35 and came at t=38.5, because the loop was busy; stalls is [].",
        look=look,
        mark=mark,
    )
    expect(
        stalls[0] != 5.5,
        "A probe was due at t=35 and came at t=38.5, but {late} s were recorded: that is the time since the last one.",
        look="The interval itself is no delay. How much later than expected did this probe come?",
        mark=mark,
        late=stalls[0],
    )
    expect(
        stalls[0] == 3.5,
        "A probe was due at t=35 and came at t=38.5, which is 3.5 s late; stalls is {stalls}.",
        look="Probes are due every `interval` seconds from entering the block. Record how late one came, unrounded.",
        mark=mark,
        stalls=show(stalls),
    )


@pytest.mark.task(3)
async def test_armed_from_the_first_line(lab: Lab) -> None:
    """StallDetector: a stall in the first line of the block is seen."""
    await lab.pause(16)
    began, stalls = await watched(lab, ("busy", 8), ("wait", 8.25))
    expect(
        stalls != [],
        "The block began at t=16 with 8 busy seconds, before its first await, and stalls is [].",
        look="A new task has not run yet when create_task() returns, so its clock starts late. When does yours start?",
        mark=Mark(began, "the first line of the block"),
    )
    expect(
        # Late by 8 where a probe is due on entering, too.
        stalls[0] in (6, 8),
        "The block began at t=16 with 8 busy seconds; the probe due at t=18 was 6 s late, but stalls is {stalls}.",
        look="The first interval begins when the block is entered, not at the first turn of a task.",
        mark=Mark(began + 2, "the first probe was due"),
        stalls=show(stalls),
    )


@pytest.mark.task(3)
async def test_small_delays_are_no_stalls(lab: Lab) -> None:
    """StallDetector: a delay of no more than the threshold is no stall, however often it occurs."""
    began, stalls = await watched(lab, ("wait", 3), ("busy", 2), ("wait", 8.25))
    expect(
        stalls == [],
        "threshold=1, and a probe came exactly 1 s late: that is not more than the threshold, but stalls is {stalls}.",
        look="`more than` leaves out what is equal; and what counts is the delay, not how long the loop was busy.",
        mark=Mark(began + 4, "this probe was due"),
        stalls=show(stalls),
    )
    steps: tuple[Step, ...] = (("wait", 1.25), ("busy", 1)) * 16
    began, stalls = await watched(lab, *steps, ("wait", 8.25))
    expect(
        stalls == [],
        "threshold=1: the loop was never busy for more than 1 s at a time, but stalls is {stalls}.",
        look="Small delays add up if each probe is due a fixed time after the last was due, and not caught up.",
        stalls=show(stalls),
    )


@pytest.mark.task(3)
async def test_one_entry_for_each_stall(lab: Lab) -> None:
    """StallDetector: one stall makes one entry, however long it is; the next one makes another."""
    began, stalls = await watched(lab, ("wait", 2.5), ("busy", 11), ("wait", 32.25))
    expect(
        len(stalls) == 1,
        "The loop was busy once, from t=2.5 to t=13.5, but stalls is {stalls}.",
        look="Probes that were due meanwhile cannot be made up for. When is the next one due after a late one?",
        mark=Mark(began + 4, "this probe was due"),
        stalls=show(stalls),
    )
    began, stalls = await watched(lab, ("wait", 2.5), ("busy", 5), ("wait", 8.25), ("busy", 7), ("wait", 16.25))
    expect(
        len(stalls) == 2,
        "The loop was busy twice, for 5 s and for 7 s with 8.25 s between, but stalls is {stalls}.",
        look="Each stall makes an entry of its own, which stays, and probing goes on after it.",
        stalls=show(stalls),
    )
    expect(
        # When probes are due after a late one is not said: the second one is late by any of these.
        stalls[0] == 3.5 and 5 <= stalls[1] <= 7,
        "The loop was busy for 5 s and for 7 s; the probes came 3.5 s and 5 to 7 s late, but stalls is {stalls}.",
        look="Each stall is measured by itself: from the moment at which the next probe was due.",
        stalls=show(stalls),
    )
    began, stalls = await watched(lab, ("wait", 2.5), ("busy", 5), ("wait", 0.25), ("busy", 7), ("wait", 8.25))
    expect(
        len(stalls) == 2,
        "The loop was busy twice, for 5 s and for 7 s, free for 0.25 s between, and two probes came late; "
        "stalls is {stalls}.",
        look="Between the two everybody had a turn, so they are two stalls: what each probe met is its own affair.",
        stalls=show(stalls),
    )


@pytest.mark.task(3)
async def test_nothing_is_left_after_the_block(lab: Lab) -> None:
    """StallDetector: nothing is left running after the block; what the block raises leaves it as it is."""
    failure = LookupError("raised in the block")
    endings: tuple[tuple[str, BaseException | None, tuple[Step, ...]], ...] = (
        ("was left at once, without any await", None, ()),
        ("was left after a while", None, (("wait", 4.5),)),
        ("was left by an exception", failure, (("wait", 4.5),)),
        ("was left by an exception, without any await", failure, ()),
        ("was cancelled", None, (("wait", 64),)),
        (WHILE_LEAVING, None, (("wait", 4.5), ("cancel", 0))),
    )
    for words, problem, steps in endings:
        before = asyncio.all_tasks()
        watch = Watch()
        call = lab.call(block, lab, watch, steps, problem)
        await lab.pause(8.25)
        if not call.over:
            call.cancel()
        await call
        await lab.turns(4)
        left = asyncio.all_tasks() - before
        timer = lab.loop.next_timer()
        cancelled = isinstance(call.error, asyncio.CancelledError)
        expect(
            cancelled or words != "was cancelled",
            "The block was cancelled, but leaving it ended otherwise: it {happened}.",
            look="__aexit__ that returns True swallows what the block raised; CancelledError is no exception to that.",
            happened=call.happened,
        )
        expect(
            not cancelled or "cancelled" in words,
            "The block {words}, and a CancelledError left it that nobody asked for.",
            look="Awaiting a task you cancelled raises CancelledError; one that never ran cannot catch it inside.",
            words=Message(words),
        )
        if problem is not None:
            call.expect_error(
                problem,
                "The block {words}, {expected}, but leaving it ended otherwise: it {happened}.",
                look="What is raised in the block leaves it as it is: neither swallow, wrap nor replace it.",
                words=Message(words),
            )
        elif not cancelled:
            call.raise_crash()
        expect(
            not left and timer is None,
            "The block {words}, and the detector was still running afterwards.",
            look="An `await` in __aexit__ can be cancelled: stop what has to be stopped before it, or in a `finally`."
            if words == WHILE_LEAVING
            else "On every way out, cancel the task or the timer that is due next.",
            words=Message(words),
        )
        expect(
            # Who is cancelled while it waits for the task's end need not wait any longer.
            not watch.left or words == WHILE_LEAVING,
            "The block {words}, and the detector's task had been told to end, but had not ended yet.",
            look="cancel() only asks. Await the task that you have cancelled before you leave.",
            words=Message(words),
        )
