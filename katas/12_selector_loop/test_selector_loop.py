"""Checks of kata 12. Time and files are the check's own: only `World.select` lets time pass, and it notes each call."""

import asyncio
import inspect
import itertools
import math
import selectors
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest
import selector_loop as kata

from asyncio_katas.lab import Attempt, Lab, Message, expect, expect_same, fail, show

# How often a loop may look, with nothing happening in between, before it is ended: it would go on for ever.
LOOKS_IN_VAIN = 64
READS_IN_VAIN = 1024
SELECTS_AT_ALL = 20_000
# What the clock shows when a check begins. Checks and messages count from there.
BEGIN = 4096.0


class Stuck(BaseException):
    """Ends a loop that could never end by itself; `World.stuck` says why."""


class File:
    """A file object of the check's own, with something to read from each of these moments on."""

    # No descriptor of the machine's has such a number.
    _number = 1_000_000

    def __init__(self, name: str, *moments: float) -> None:
        self.name = name
        self.moments = list(moments)
        File._number += 1
        self._fileno = File._number

    def fileno(self) -> int:
        """Return a number that is nobody else's."""
        return self._fileno

    def read(self) -> None:
        """Read what the earliest moment has brought."""
        self.moments.pop(0)


@dataclass(frozen=True)
class Select:
    """One call of `select`: when it began and ended, what it was to wait for, and what it brought."""

    began: float
    timeout: float | None
    ended: float
    files: tuple[str, ...]
    events: int

    @property
    def waited(self) -> bool:
        """Whether the call was allowed to wait."""
        return self.timeout is None or self.timeout > 0


class World(selectors.BaseSelector):
    """The clock and the selector of one check, a loop that uses them, and a log of what its coroutines did."""

    def __init__(self, lab: Lab, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.log: list[str] = []
        self.selects: list[Select] = []
        self.stuck: Message | None = None
        self.stuck_look = ""
        self.slept: list[float] = []
        self.early = 0
        self.late = 0.0
        self._lab = lab
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._looks = 0
        self._reads = 0
        self._coroutines: list[Coroutine[Any, Any, Any]] = []
        # A check may have a second world, whose time begins anew.
        lab.timeline.spans.clear()
        patch.setattr(time, "sleep", self._sleep)
        patch.setattr(selectors, "DefaultSelector", self._another)
        made = lab.attempt(kata.MiniLoop, self, self.clock)
        self.judge(made)
        self.loop: kata.MiniLoop = made.value

    # What the checks use.

    def own(self, coroutine: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        """Remember a coroutine, so that none is left behind by a check that is about something else."""
        self._coroutines.append(coroutine)
        return coroutine

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> Awaitable[Any]:
        """Hand a coroutine to the loop."""
        return self.loop.spawn(self.own(coroutine))

    def run(self, main: Coroutine[Any, Any, Any], *, stuck: bool = False) -> Attempt:
        """Let the loop run `main`; a loop that got stuck is a failure, unless the check looks at that itself."""
        call = self._lab.attempt(self.loop.run, self.own(main))
        self.states = [inspect.getcoroutinestate(coroutine) for coroutine in self._coroutines]
        for coroutine in self._coroutines:
            coroutine.close()
        if not stuck:
            self.judge(call)
        return call

    async def sleeping(self, name: str, seconds: float) -> None:
        """Sleep in the loop, and be seen in the timeline."""
        span = self._lab.timeline.begin(name, self.now)
        await self.loop.sleep(seconds)
        span.end, span.how = self.now, "returned"

    async def reading(self, name: str, file: File) -> None:
        """Wait in the loop for something to read, and be seen in the timeline."""
        span = self._lab.timeline.begin(name, self.now)
        await self.loop.readable(file)
        span.end, span.how = self.now, "returned"

    def judge(self, call: Attempt) -> None:
        """Fail if the loop had to be ended, or if `run` has left by an exception."""
        if self.stuck:
            fail(
                "{what}, at t={now}. So far: {log}.",
                look=self.stuck_look,
                what=self.stuck,
                now=self.now,
                log=self.story,
            )
        call.raise_crash()

    def note(self, what: str) -> None:
        """Log what a coroutine does, and when."""
        self._looks = self._reads = 0
        self.log.append(what)

    @property
    def moment(self) -> float:
        """The time in hundredths of a second: a loop may round its timeouts up to what its selector can do."""
        return round(self.now, 2)

    @property
    def story(self) -> Message:
        """The log as text."""
        counted = [(what, len(list(same))) for what, same in itertools.groupby(self.log)]
        told = [
            what if count == 1 else Message.of("{what} ({count} times)", {"what": what, "count": count})
            for what, count in counted[:24]
        ]
        return Message.joined(told, ", ") if told else Message("nothing")

    # What the loop uses.

    def clock(self) -> float:
        """Return the time; it does not pass by looking at the clock."""
        self._reads += 1
        if self._reads > READS_IN_VAIN:
            self._end(
                Message(
                    "The clock was read again and again, and select() of the selector that was handed in was not called"
                ),
                "Wait by select() of that selector: it is what lets time pass. Reading the clock does not.",
            )
        return BEGIN + self.now

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let time pass until a file is ready, or for as long as the timeout says."""
        began, self._reads = self.now, 0
        if timeout is not None and math.isinf(timeout):
            self._end(
                Message("select() was called with an infinite timeout, which real selectors refuse"),
                "None stands for as long as it takes.",
            )
        if not self._ready() and (timeout is None or timeout > 0):
            self._wait(timeout)
        ready = self._ready()
        files = tuple(key.fileobj.name for key in self._keys.values() if isinstance(key.fileobj, File))
        self.selects.append(Select(began, timeout, self.now, files, len(ready)))
        self._passed("select(None)" if timeout is None else f"select({timeout:g})", began)
        self._looks = self._looks + 1 if self.now == began else 0
        if self._looks > LOOKS_IN_VAIN or len(self.selects) > SELECTS_AT_ALL:
            self._end_looking(ready)
        return [(key, selectors.EVENT_READ) for key in ready]

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a file; one that is watched already is refused, as in a real selector."""
        number = self._number_of(fileobj)
        if number in self._keys:
            raise KeyError(f"{show(getattr(fileobj, 'name', fileobj))} is already registered")
        key = selectors.SelectorKey(fileobj, number, events, data)
        self._keys[number] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Watch a file no longer."""
        if self._number_of(fileobj) not in self._keys:
            raise KeyError(f"{show(getattr(fileobj, 'name', fileobj))} is not registered")
        return self._keys.pop(self._number_of(fileobj))

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return the files that are watched."""
        return _Map(self._keys)

    # How it does it.

    def _number_of(self, fileobj: Any) -> int:
        return fileobj if isinstance(fileobj, int) else int(fileobj.fileno())

    def _files(self) -> list[tuple[selectors.SelectorKey, File]]:
        reading = [key for key in self._keys.values() if key.events & selectors.EVENT_READ]
        return [(key, key.fileobj) for key in reading if isinstance(key.fileobj, File) and key.fileobj.moments]

    def _ready(self) -> list[selectors.SelectorKey]:
        return [key for key, file in self._files() if file.moments[0] <= self.now]

    def _wait(self, timeout: float | None) -> None:
        arrival = min((file.moments[0] for _, file in self._files()), default=math.inf)
        end = math.inf if timeout is None else self.now + timeout
        if timeout is not None and self.early:
            self.early -= 1
            end = self.now + timeout / 2
        elif end < arrival:
            end += self.late
        if math.isinf(min(arrival, end)):
            names = ", ".join(str(getattr(key.fileobj, "name", "?")) for key in self._keys.values())
            self._end(
                Message.of(
                    "select(None) was called with {names} registered, and would never have returned",
                    {"names": names or Message("nothing")},
                ),
                "Who was to go on, and where did the loop lose sight of it? The timeout is 0 if a coroutine is ready, "
                "else the time until the next deadline, and None only if there is no deadline.",
            )
        self.now = min(arrival, end)

    def _end_looking(self, ready: list[selectors.SelectorKey]) -> None:
        names = ", ".join(str(getattr(key.fileobj, "name", "?")) for key in ready)
        if ready:
            self._end(
                Message(
                    "select() was called again and again, and each time brought the event of {names}", {"names": names}
                ),
                "A file that stays registered and is not read ends every select() at once. Unregister it after its "
                "event, and wake whoever waited for it.",
            )
        self._end(
            Message(
                "select() was called again and again without an event, in the end with timeout={timeout}",
                {"timeout": show(self.selects[-1].timeout)},
            ),
            "A loop that looks again and again keeps the machine busy. Whoever waits for a handle, a deadline or a "
            "file is not ready; and when nobody is, select() waits until the next deadline.",
        )

    def _another(self) -> NoReturn:
        self._end(
            Message("The loop made a selector of its own, beside the one that was handed in"),
            "Whoever makes the loop chooses the selector: register, wait and unregister with that one.",
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._reads = 0
        self.now += seconds
        self._passed("time.sleep", self.now - seconds)

    def _passed(self, what: str, began: float) -> None:
        if self.now > began:
            span = self._lab.timeline.begin(what, began)
            span.end, span.how = self.now, "returned"

    def _end(self, why: Message, look: str) -> NoReturn:
        if not self.stuck:
            self.stuck, self.stuck_look = why, look
        raise Stuck(str(why))


class _Map(Mapping[Any, selectors.SelectorKey]):
    """The registered files, looked up by file object or number as in a real selector."""

    def __init__(self, keys: dict[int, selectors.SelectorKey]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys[fileobj if isinstance(fileobj, int) else fileobj.fileno()]

    def __iter__(self) -> Iterator[Any]:
        return iter([key.fileobj for key in self._keys.values()])


class NothingFoundError(LookupError):
    """An exception that counts as false, since it has a length: how much was found."""

    def __len__(self) -> int:
        return 0


class RealSelector(selectors.DefaultSelector):
    """The platform's selector; it ends a loop that would wait for ever while a coroutine sleeps."""

    somebody_sleeps = False
    stuck = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for real."""
        if timeout is None and self.somebody_sleeps:
            self.stuck = True
            raise Stuck
        return super().select(timeout)


def in_asyncio() -> bool:
    """Tell whether an asyncio loop is running here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.mark.task(1)
def test_run_gives_the_value_or_the_exception(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """run: runs main to its end and returns its value, or raises its exception; no asyncio inside."""
    failure = LookupError("no such page")
    loops: list[bool] = []

    async def inner(value: object) -> object:
        loops.append(in_asyncio())
        if value is failure:
            raise failure
        return value

    async def main(value: object) -> object:
        return await inner(value)

    for value in ("value", None, ("a", 1)):
        call = World(lab, monkeypatch).run(main(value))
        expect(
            loops != [],
            "run returned {value} without ever running main.",
            look="A coroutine runs when it is sent None, and each send() takes it to its next suspension or its end.",
            value=show(call.value),
        )
        call.expect_value(
            value,
            "main returned {expected}, but run returned {actual}.",
            look="The value of a coroutine is in the StopIteration that send() ends with.",
        )
    call = World(lab, monkeypatch).run(main(failure), stuck=True)
    call.expect_error(
        failure,
        "main raised {expected}, but run {happened}.",
        look="An exception that leaves main is what run raises.",
    )
    expect(
        True not in loops,
        "An asyncio event loop was running while main ran.",
        look="The task is to be the loop: coroutines have a send() of their own.",
    )


@pytest.mark.task(1)
def test_sleep_waits_for_its_deadline(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """sleep: lasts as long as it says, by the clock that was handed in, which only select() lets go on."""
    world = World(lab, monkeypatch)
    woken: list[float] = []

    async def nap(seconds: float) -> None:
        await world.loop.sleep(seconds)

    async def main() -> str:
        for seconds in (1 / 64, 2.0, 8.0):
            await nap(seconds)
            woken.append(world.now)
            world.note("woken")
        return "value"

    call = world.run(main())
    due = 0.0
    for seconds, at in zip((1 / 64, 2.0, 8.0), woken, strict=False):
        due += seconds
        expect(
            at >= due - 1e-6,
            "sleep({seconds}) was to last until t={due}, and ended at t={at}.",
            look="A deadline is clock() plus the seconds. Whoever sleeps is not ready before the clock has reached it.",
            seconds=seconds,
            due=due,
            at=at,
        )
        expect(
            at < due + 1 / 256,
            "sleep({seconds}) was to last until t={due}, and ended at t={at}.",
            look="Deadline and timeout are both counted by the clock that was handed in. Which clock does yours read?",
            seconds=seconds,
            due=due,
            at=at,
        )
    call.expect_value("value", "main slept and then returned {expected}, but run returned {actual}.")


@pytest.mark.task(1)
def test_spawn_only_schedules(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """spawn: runs nothing yet; the handle gives the value of the child, and children overlap."""
    world = World(lab, monkeypatch)

    async def child(name: str, seconds: float) -> str:
        world.note(f"{name} begins")
        await world.sleeping(name, seconds)
        world.note(f"{name} ends")
        return name.upper()

    async def main() -> list[object]:
        handles = [world.spawn(child("a", 2)), world.spawn(child("b", 4))]
        world.note("main has spawned both")
        return [await handle for handle in handles]

    call = world.run(main(), stuck=True)
    if isinstance(call.error, TypeError) and "await" in str(call.error):
        fail(
            "A handle was awaited, and that raised {error}.",
            look="What spawn returns needs an __await__, or to be something that has one.",
            error=show(call.error),
        )
    expect(
        world.log[:1] == ["main has spawned both"] or not world.log,
        "spawn was called for a child, and before it returned: {log}.",
        look="spawn puts the coroutine on the ready queue, no more. It has its first turn when main lets others run.",
        log=world.log[0] if world.log else "",
    )
    world.judge(call)
    expect(
        sorted(world.log[1:3]) == ["a begins", "b begins"] and world.moment == 4,
        "Two children, spawned together, sleep 2 and 4 s; expected all to be over at t=4. At t={now}: {log}.",
        look="Every child is on its way once it is spawned; awaiting a handle only waits for it.",
        now=world.now,
        log=world.story,
    )
    call.expect_value(["A", "B"], "The children returned {expected}, but awaiting their handles gave {actual}.")


@pytest.mark.task(1)
def test_first_in_first_out(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """run: the ready take turns, first in, first out; sleep(0) goes to the end of the queue at once."""
    world = World(lab, monkeypatch)

    async def worker(name: str) -> None:
        for number in (1, 2, 3):
            world.note(f"{name}{number}")
            await world.loop.sleep(0)

    moments: list[float] = []

    async def impatient() -> None:
        world.spawn(worker("f"))
        world.spawn(sleeper())
        for _ in range(4):
            await world.loop.sleep(0)
            moments.append(world.moment)

    async def sleeper() -> None:
        await world.sleeping("sleep(8)", 8)

    world.run(impatient())
    expect_same(
        moments,
        [0.0] * 4,
        "While another one slept 8 s, a coroutine called sleep(0) four times and went on at t={actual}; no time was to "
        "pass.",
        look="select() may wait only if nobody is ready. While somebody is, its timeout is 0, whatever the timers say.",
    )

    world = World(lab, monkeypatch)

    async def main() -> None:
        for name in "abc":
            world.spawn(worker(name))
        await world.loop.sleep(1)

    world.run(main())
    taken = " ".join(world.log)
    expect(
        not taken.startswith("a1 a2"),
        "Three coroutines call sleep(0) after each step, but one of them kept the turn: {taken}.",
        look="sleep(0) has to suspend: its caller goes to the end of the queue, and whoever is first there runs.",
        taken=taken,
    )
    expect_same(
        taken,
        "a1 b1 c1 a2 b2 c2 a3 b3 c3",
        "Three coroutines call sleep(0) after each step; expected the turns {expected}, seen {actual}.",
        look="First in, first out: append on one side, take from the other.",
    )

    world = World(lab, monkeypatch)

    async def late() -> None:
        world.note("d")

    async def first() -> None:
        world.note("a1")
        await world.loop.sleep(0)
        world.note("a2")

    async def second() -> None:
        world.note("b")
        world.spawn(late())

    async def families() -> None:
        world.spawn(first())
        world.spawn(second())
        await world.loop.sleep(1)

    world.run(families())
    taken = " ".join(world.log)
    expect_same(
        taken,
        "a1 b a2 d",
        "a called sleep(0), and after that b spawned d; expected the turns {expected}, seen {actual}.",
        look="sleep(0) is no timer: it puts its caller on the ready queue in the moment in which it is called.",
    )

    world = World(lab, monkeypatch)

    async def parent() -> None:
        handle = world.spawn(late())
        world.spawn(worker("e"))
        await handle
        world.note("parent")

    world.run(parent())
    taken = " ".join(world.log)
    expect(
        taken.startswith("d e1"),
        "d ended while e was already waiting for its turn; expected e to come before whoever awaited d, seen {taken}.",
        look="Whoever is woken by the end of a child queues up at the end, like everybody else.",
        taken=taken,
    )


@pytest.mark.task(1)
def test_timers_go_by_deadline(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """sleep: sleepers wake by deadline, equal ones as they were made, also when select() comes back early or late."""

    def sleepers(
        name: str, plan: list[tuple[str, float, float]], *, naps: bool = False, early: int = 0, late: float = 0.0
    ) -> World:
        world = World(lab, monkeypatch)
        world.early, world.late = early, late

        async def sleeper(who: str, begin: float, seconds: float) -> None:
            if naps and begin:
                await world.loop.sleep(begin)
            # Only select() lets time pass unless a coroutine works, as this one does.
            world.now = max(world.now, begin)
            await world.sleeping(who, seconds)
            world.note(who)
            if world.now < begin + seconds - 1e-6:
                world.log[-1] += f" (at t={world.now:g}, due at t={begin + seconds:g})"

        async def main() -> None:
            for each in plan:
                world.spawn(sleeper(*each))
            await world.loop.sleep(32)

        call = world.run(main(), stuck=True)
        if isinstance(call.error, TypeError) and "'<'" in str(call.error):
            fail(
                "Two timers had the same deadline, and comparing them raised {error}.",
                look="A heap compares what it orders. Put a running number between the deadline and the rest.",
                error=show(call.error),
            )
        world.judge(call)
        return world

    several = sleepers("several", [("a", 0, 8), ("b", 0, 2), ("c", 0, 4), ("d", 0, 1)])
    expect_same(
        several.log,
        ["d", "b", "c", "a"],
        "Sleeping 8, 2, 4 and 1 s, these were to wake in the order {expected}, and woke in the order {actual}.",
        look="The next to wake is the one with the earliest deadline, whoever began first.",
    )
    equal = sleepers("equal", [(name, 0, 4) for name in "abcdefg"])
    expect_same(
        equal.log,
        list("abcdefg"),
        "All slept 4 s from the same moment; expected them to wake in the order {expected}, seen {actual}.",
        look="Equal deadlines go by the order in which the timers were made. A heap does not keep that by itself.",
    )
    mixed = sleepers("mixed", [("a", 0, 8), ("b", 1, 7), ("c", 2, 4), ("d", 3, 5), ("e", 4, 1)])
    expect_same(
        mixed.log,
        ["e", "c", "a", "b", "d"],
        "a, b and d began one after the other and were all due at t=8, e at t=5, c at t=6; expected them to wake in "
        "the order {expected}, seen {actual}.",
        look="What counts is the deadline, the moment of waking, and not how long somebody sleeps.",
    )
    napping = sleepers("napping", [("a", 2, 6), ("b", 0, 8), ("c", 1, 7)], naps=True)
    expect_same(
        napping.log,
        ["b", "c", "a"],
        "a, b and c were spawned in this order; sleeping until t=8, b began at t=0, c at t=1 and a at t=2. Expected "
        "them to wake in the order {expected}, seen {actual}.",
        look="Equal deadlines go by the order in which the sleeps began. Number the timers, not the coroutines.",
    )
    early = sleepers("early", [("a", 0, 4), ("b", 0, 8)], early=2)
    expect_same(
        early.log,
        ["a", "b"],
        "select() came back early, without an event; sleepers woke: {actual}.",
        look="An empty list does not mean that the time is over: a signal ends select() early. Only the clock knows.",
    )
    late = sleepers("late", [("a", 0, 4), ("b", 0, 1), ("c", 0, 2), ("d", 0, 1)], late=8)
    expect_same(
        late.log,
        ["b", "d", "c", "a"],
        "select() came back late, when all deadlines had passed; expected the order {expected}, seen {actual}.",
        look="Several timers may be due at once; they still go by their deadlines.",
    )


@pytest.mark.task(2)
def test_readable_waits_for_its_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """readable: lasts until there is something to read; the file is unregistered then, and can be awaited again."""
    world = World(lab, monkeypatch)
    file = File("the file", 4.0, 9.0)
    woken: list[float] = []
    kept: list[int] = []

    async def main() -> str:
        await world.loop.readable(file)
        woken.append(world.moment)
        world.note("first event")
        file.read()
        await world.loop.readable(file)
        woken.append(world.moment)
        world.note("second event")
        # Not read yet, so it is still readable.
        await world.loop.readable(file)
        woken.append(world.moment)
        world.note("the same again")
        kept.append(len(world.selects))
        await world.loop.sleep(2)
        return "value"

    call = world.run(main(), stuck=True)
    expect(
        not isinstance(call.error, KeyError) or woken == [],
        "The file was awaited again after its event, and that raised {error}.",
        look="After its event a file has to be unregistered. Nobody waits for it any more, and it can be registered "
        "anew.",
        error=show(call.error),
    )
    left = [select for select in world.selects[kept[0] :] if select.files] if kept else []
    expect(
        left == [],
        "The file had its event and nobody waited for it any more, but it was registered when select() was called.",
        look="What is readable and registered ends every select() at once, also where nobody wants to know.",
    )
    world.judge(call)
    expect_same(
        woken,
        [4.0, 9.0, 9.0],
        "There is something to read from t=4 on, and again from t=9 on; expected readable() to end at t={expected} "
        "(awaited a third time without reading), seen {actual}.",
        look="Register the file for EVENT_READ, and wake whoever waits for it when select() brings its event.",
    )
    call.expect_value("value")


@pytest.mark.task(2)
def test_one_select_for_timers_and_files(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """sleep, readable: one select() waits for the next deadline and for every file; nothing polls meanwhile."""
    world = World(lab, monkeypatch)
    files = {"x": File("x", 2.0, 8.0), "y": File("y", 6.0), "z": File("z", 6.0)}
    woken: list[tuple[str, float]] = []

    async def sleeper(seconds: float) -> None:
        await world.sleeping(f"sleep({seconds:g})", seconds)
        woken.append((f"sleep({seconds:g})", world.moment))
        world.note(f"sleep({seconds:g}) at t={world.now:g}")

    async def reader(name: str) -> None:
        while files[name].moments:
            await world.reading(name, files[name])
            woken.append((name, world.moment))
            world.note(f"{name} at t={world.now:g}")
            if files[name].moments[0] > world.now:
                return
            files[name].read()

    async def main() -> None:
        for seconds in (16.0, 4.0, 1.0):
            world.spawn(sleeper(seconds))
        for name in files:
            world.spawn(reader(name))
        await world.loop.sleep(32)

    call = world.run(main(), stuck=True)
    expect(
        world.slept == [],
        "time.sleep() was called for {seconds} s: no file can be seen meanwhile.",
        look="select() has a timeout. It waits for the next deadline and for every file at the same time.",
        seconds=show(sum(world.slept)),
    )
    deadlines = (1.0, 4.0, 16.0, 32.0)
    vain = [
        select
        for select in world.selects
        if select.waited and not select.events and not any(select.began < due <= select.ended for due in deadlines)
    ]
    expect(
        vain == [],
        "Nothing was to come before t=1, but select({timeout}) was called at t={began}; {count} calls like this one "
        "came back before there was anything to do.",
        look="A loop that waits does not look again and again. Let select() wait until the next deadline.",
        timeout=show(vain[0].timeout) if vain else "",
        began=vain[0].began if vain else 0.0,
        count=len(vain),
    )
    world.judge(call)
    due = {"sleep(1)": [1.0], "x": [2.0, 8.0], "sleep(4)": [4.0], "y": [6.0], "z": [6.0], "sleep(16)": [16.0]}
    for who, moments in due.items():
        expect_same(
            [moment for name, moment in woken if name == who],
            moments,
            "{who} was to wake at t={expected}, and woke at t={actual}. All in all: {log}.",
            look="The timeout of select() is the time to the next deadline, also while files are registered. "
            "Afterwards look at both: the events it brought, each for its own reader, and the timers that are due.",
            who=who if who.startswith("sleep") else Message("The reader of file {name}", {"name": who}),
            log=world.story,
        )
    looks = [select for select in world.selects if not select.waited and not select.events]
    expect(
        len(looks) <= LOOKS_IN_VAIN,
        "Seven coroutines took some fifteen turns in all, and select(0) was called {count} times without an event.",
        look="Whoever waits must not be kept ready: a coroutine that awaits a handle, a deadline or a file has no turn "
        "until that has come.",
        count=len(looks),
    )


# Real sockets on a busy machine; only a loop that never ends pays for this.
@pytest.mark.timeout(30)
@pytest.mark.task(2)
def test_real_sockets(lab: Lab) -> None:
    """readable: works with real sockets, the platform's selector and a real clock."""
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    heard: list[bytes] = []
    with left, right, RealSelector() as selector:
        made = lab.attempt(kata.MiniLoop, selector, time.monotonic)
        made.raise_crash()
        loop: kata.MiniLoop = made.value

        async def server() -> None:
            for _ in range(3):
                await loop.readable(left)
                left.send(left.recv(64).upper())

        async def talk() -> None:
            loop.spawn(server())
            for word in (b"a", b"bc", b"def"):
                # The server is waiting when the word comes.
                selector.somebody_sleeps = True
                await loop.sleep(1 / 256)
                selector.somebody_sleeps = False
                right.send(word)
                await loop.readable(right)
                heard.append(right.recv(64))

        main = talk()
        call = lab.attempt(loop.run, main)
        main.close()
    expect(
        not selector.stuck,
        "A coroutine slept, and select(None) was called, which waits for the sockets alone.",
        look="The timeout of select() is the time to the next deadline, also while files are registered.",
    )
    call.raise_crash()
    expect_same(
        heard,
        [b"A", b"BC", b"DEF"],
        "Three words were sent through a real pair of sockets; expected {expected} as the answers, seen {actual}.",
        look="A file object is awaited again and again: register it for each wait, unregister it after each event.",
    )


@pytest.mark.task(3)
def test_a_childs_exception_is_raised_at_its_handle(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """spawn: an exception of a child is raised where its handle is awaited, and stops nobody else."""
    world = World(lab, monkeypatch)
    failure, unseen = LookupError("no such page"), OSError("nobody looks")
    seen: list[object] = []

    async def failing(error: Exception, seconds: float) -> None:
        await world.loop.sleep(seconds)
        world.note("a child fails")
        raise error

    async def other() -> None:
        await world.loop.sleep(4)
        world.note("the other child ends")

    async def main() -> str:
        world.spawn(failing(unseen, 1))
        handles = [world.spawn(failing(failure, 2)), world.spawn(other())]
        try:
            seen.append(("a value", await handles[0]))
        except Exception as error:  # noqa: BLE001 - the check judges it
            seen.append(error)
        await handles[1]
        return "value"

    call = world.run(main(), stuck=True)
    expect(
        call.error not in (failure, unseen),
        "A child raised {error}, and run raised it too: everything stopped.",
        look="An exception of a child is kept until its handle is awaited. The loop goes on with the others.",
        error=show(call.error),
    )
    world.judge(call)
    expect(
        not (seen and isinstance(seen[0], tuple)),
        "A child raised {failure}, but awaiting its handle gave {value}.",
        look="Keep the child's exception beside its value, and raise it where the handle is awaited.",
        failure=show(failure),
        value=show(seen[0][1]) if seen and isinstance(seen[0], tuple) else "",
    )
    expect(
        len(seen) == 1 and seen[0] is failure,
        "A child raised {failure}, but awaiting its handle raised {seen}.",
        look="Raise the very exception the child has ended with.",
        failure=show(failure),
        seen=show(seen[0]) if seen else Message("nothing"),
    )
    call.expect_value("value", "main caught its child's exception and returned {expected}, but run returned {actual}.")
    expect(
        world.log[-1] == "the other child ends",
        "Two children failed, and a third one was to go on; seen: {log}.",
        log=world.story,
    )

    world = World(lab, monkeypatch)
    empty = NothingFoundError("nothing found")
    caught: list[Exception] = []

    async def main_of_empty() -> object:
        try:
            return await world.spawn(failing(empty, 1))
        except NothingFoundError as error:
            caught.append(error)
        return None

    call = world.run(main_of_empty(), stuck=True)
    world.judge(call)
    expect(
        caught == [empty],
        "A child raised {failure}, an exception with a len() of 0, but awaiting its handle gave {value}.",
        look="An exception may count as false, like an empty list. Ask whether there is one by `is not None`.",
        failure=show(empty),
        value=show(call.value),
    )


@pytest.mark.task(3)
def test_a_handle_serves_everybody(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """spawn: several coroutines may await one handle, also when the child has ended, again and again."""
    for outcome in ("value", None, LookupError("no such page")):
        world = World(lab, monkeypatch)
        seen: dict[str, list[object]] = {}

        async def child() -> object:
            await world.loop.sleep(2)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        async def waiter(name: str, handle: Awaitable[object]) -> None:
            try:
                found: object = await handle
            except Exception as error:  # noqa: BLE001 - the check judges it
                found = error
            seen.setdefault(name, []).append(found)
            world.note(f"{name} goes on")

        async def main() -> None:
            handle = world.spawn(child())
            for number in (1, 2, 3):
                world.spawn(waiter(f"waiter {number}", handle))
            await world.loop.sleep(8)
            for _ in range(2):
                await waiter("a late one", handle)

        call = world.run(main(), stuck=True)
        for name, count in (("waiter 1", 1), ("waiter 2", 1), ("waiter 3", 1), ("a late one", 2)):
            found = seen.get(name, [])
            expect(
                len(found) == count or (not world.stuck and call.error is not None),
                "Three coroutines awaited one handle, and one awaited it twice when the child had ended ({outcome}): "
                "{name} never went on. So far: {log}.",
                look="A child remembers all who wait for it and wakes each. Once it has ended, there is nothing left "
                "to wait for: the handle gives what came of it at once.",
                outcome=show(outcome),
                name=name,
                log=world.story,
            )
            for each in found:
                expect_same(
                    each,
                    outcome,
                    "A child ended with {expected}, but {name}, one of several who awaited its handle, got {actual}.",
                    look="What came of a child is kept in its handle, for everybody and for later.",
                    name=name,
                )
        world.judge(call)


@pytest.mark.task(3)
def test_nothing_starves(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """run: coroutines that are always ready keep neither timers nor files nor others from their turn."""
    enough = 2048
    for greed in ("sleep(0)", "a file that is always readable", "a sleep that is over at once"):
        world = World(lab, monkeypatch)
        turns = [0]
        seen_after: dict[str, int] = {}
        busy = File("always readable", 0.0)

        async def greedy() -> None:
            while turns[0] < enough:
                turns[0] += 1
                world.now += 1 / 64
                world.note("greedy")
                if greed == "sleep(0)":
                    await world.loop.sleep(0)
                elif greed == "a sleep that is over at once":
                    await world.loop.sleep(1 / 128)
                else:
                    await world.loop.readable(busy)

        async def timer() -> None:
            await world.loop.sleep(1)
            seen_after["a timer due at t=1"] = turns[0]

        async def reader() -> None:
            await world.loop.readable(File("quiet", 2.0))
            seen_after["a file readable from t=2 on"] = turns[0]

        async def other() -> None:
            for _ in range(8):
                await world.loop.sleep(0)
            seen_after["a coroutine that calls sleep(0) eight times"] = turns[0]

        async def main() -> None:
            world.spawn(greedy())
            for handle in [world.spawn(timer()), world.spawn(reader()), world.spawn(other())]:
                await handle

        call = world.run(main(), stuck=True)
        others = ("a timer due at t=1", "a file readable from t=2 on", "a coroutine that calls sleep(0) eight times")
        for starved in others:
            expect(
                seen_after.get(starved, turns[0]) < enough,
                "One coroutine does nothing but await {greed}; {who} was not seen in {turns} turns, up to t={now}.",
                look="Look at the selector, with timeout 0, and at the timers in every round, also while coroutines "
                "are ready, and give those that are ready their turn in every round too.",
                greed=Message(greed),
                who=Message(starved),
                turns=turns[0],
                now=world.now,
            )
        world.judge(call)


@pytest.mark.task(3)
def test_run_ends_with_main(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """run: ends when main ends, by value or by exception, and has closed the coroutines that remain."""
    ends: tuple[tuple[BaseException | None, Message], ...] = (
        (None, Message("returned")),
        (LookupError("no such page"), Message("raised an exception")),
        (KeyboardInterrupt(), Message("raised a KeyboardInterrupt, which is no Exception")),
    )
    for problem, how in ends:
        world = World(lab, monkeypatch)
        over: list[float] = []
        cleaned: list[str] = []

        async def remains(name: str, wait: Callable[[], Awaitable[object]]) -> None:
            try:
                try:
                    await wait()
                except Exception as error:  # noqa: BLE001 - a coroutine that goes on whatever happens
                    world.note(f"{name} caught {show(error)}")
                    await wait()
                # Those that are ready when main ends may have one more turn.
                await world.loop.sleep(64)
            finally:
                cleaned.append(name)

        async def never_run() -> None:
            await world.loop.sleep(64)

        async def main() -> str:
            waits: dict[str, Callable[[], Awaitable[object]]] = {
                "a sleeper": lambda: world.loop.sleep(32),
                "a reader": lambda: world.loop.readable(File("quiet", 128.0)),
                "a nested one": lambda: remains("an inner one", lambda: world.loop.sleep(16)),
            }
            handles = [world.spawn(remains(name, wait)) for name, wait in waits.items()]
            world.spawn(remains("one that awaits a handle", lambda: handles[0]))
            await world.loop.sleep(1)
            world.spawn(remains("a ready one", lambda: world.loop.sleep(0)))
            await world.loop.sleep(0)
            world.spawn(never_run())
            over.append(world.moment)
            if problem is not None:
                raise problem
            return "value"

        call = world.run(main(), stuck=True)
        expect(
            over in ([], [world.moment]),
            "main ended at t={over}, but run went on until t={now}.",
            look="run is over when main is, whoever else is still on the way.",
            over=over[0] if over else 0.0,
            now=world.moment,
        )
        if world.stuck or problem is None or isinstance(call.error, NotImplementedError):
            world.judge(call)
        if problem is None:
            call.expect_value("value", "main returned {expected}, but run {happened}.", happened=call.happened)
        else:
            call.expect_error(problem, "main raised {expected}, but run {happened}.")
        expect(
            world.log == [],
            "main had ended, and for a coroutine that remained this was an exception: {log}.",
            look="close() is not throw(): it ends a coroutine at its await, where no `except Exception` can catch it.",
            log=world.story,
        )
        remaining = ["a sleeper", "a reader", "an inner one", "a nested one", "one that awaits a handle", "a ready one"]
        missing = [absent for absent in remaining if absent not in cleaned[: len(remaining)]]
        opened = [state for state in world.states if state != inspect.CORO_CLOSED]
        expect(
            opened == [],
            "main {how}, and run left {count} of the coroutines that remained unclosed: their finally blocks had not "
            "run.",
            look="Keep hold of every coroutine until it has ended: those that never ran, that are ready, that sleep, "
            "that wait for a file or for a handle. Close what is left, however main has ended.",
            how=how,
            count=len(opened),
        )
        expect(
            missing == [],
            "The finally blocks of {missing} had not run.",
            missing=Message.listed([Message(absent) for absent in missing]),
        )
