"""Checks of kata 01. Threads and processes are real here: jobs meet the check at gates, no check measures time."""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import concurrency_models as kata
import pytest

from asyncio_katas.lab import Call, Lab, Message, OnlyAwaitable, expect, pass_gate, show

# Real threads and processes may start slowly on a busy machine. Only an answer that never ends pays for this.
pytestmark = pytest.mark.timeout(60)

POOL = "caller's pool"


@contextmanager
def pools(*, threads: int = 4, processes: int = 1) -> Iterator[tuple[ThreadPoolExecutor, ProcessPoolExecutor]]:
    """Own both executors for one check; a process starts with the first job it gets, never as a copy of this one."""
    quick = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if quick else "spawn")
    if quick:
        context.set_forkserver_preload(["asyncio_katas.lab.rendezvous"])
    with (
        ThreadPoolExecutor(threads, POOL) as thread_pool,
        ProcessPoolExecutor(processes, mp_context=context) as process_pool,
    ):
        yield thread_pool, process_pool


def mixed(lab: Lab, pair: tuple[Executor, Executor], *jobs: kata.Job) -> Call:
    """Start `run_mixed` with these executors."""
    return lab.call(kata.run_mixed, jobs, threads=pair[0], processes=pair[1])


class Meeting:
    """Jobs of every kind that arrive, and stay until the check lets them go."""

    def __init__(self, lab: Lab) -> None:
        self.arrived: list[str] = []
        self.cancelled = False
        self._coroutines, self._threads, self._processes = lab.gate(), lab.thread_gate(), lab.process_gate()

    def io(self, name: str = "io") -> kata.Job:
        """Return a job that meets the check on the loop; cancelled, it cleans up until the check lets it go."""

        async def meet(name: str) -> str:
            self.arrived.append(name)
            try:
                await self._coroutines
            except asyncio.CancelledError:
                self.cancelled = True
                await self._coroutines
                raise
            return name.upper()

        return kata.Job("io", meet, (name,))

    def blocking(self, name: str = "blocking") -> kata.Job:
        """Return a job that meets the check in a thread."""

        def meet(name: str) -> str:
            self.arrived.append(name)
            self._threads.wait()
            return name.upper()

        return kata.Job("blocking", meet, (name,))

    def cpu(self, name: str = "cpu") -> kata.Job:
        """Return a job that meets the check in a process."""
        return kata.Job("cpu", pass_gate, (self._processes.address, name.upper()))

    @property
    def present(self) -> int:
        """How many jobs have arrived."""
        return len(self.arrived) + len(self._processes.arrived)

    def kinds(self) -> list[str]:
        """Return the kinds of the jobs that have arrived."""
        return sorted({name.split()[0] for name in self.arrived} | ({"cpu"} if self._processes.arrived else set()))

    def end(self) -> None:
        """Let everybody go."""
        self._coroutines.open()
        self._threads.open()
        self._processes.open()


async def let_rest_go(lab: Lab, calls: list[Call]) -> None:
    """Let the other jobs of calls that have failed come to their end, once the pools are gone; they are not judged."""
    await lab.rest()
    for call in calls:
        call.left_behind.clear()


def expect_nothing_pickled(call: Call, kind: str) -> None:
    """Fail the check if a job could not be sent to a process: it belonged in a thread, or was wrapped in a closure."""
    text = str(call.error).lower()
    look = "Only what goes to another process is pickled. Which of the two executors did it go to?"
    if kind == "cpu":
        look = "fn and args themselves can be pickled; a lambda or a nested function around them can't. Send them bare."
    expect(
        "pickle" not in text and "local object" not in text,
        "A job of the kind {kind} had to be pickled, and cannot be: {error}.",
        look=look,
        kind=kind,
        error=show(call.error),
    )


def expect_open(lab: Lab, pair: tuple[Executor, Executor], call: Call) -> None:
    """Expect both executors to take further jobs."""
    for pool, name in zip(pair, ("threads", "processes"), strict=True):
        again = lab.attempt(pool.submit, int, "1")
        expect(
            again.error is None,
            "After run_mixed had {how}, the caller's executor `{name}` refused a further job: {error}.",
            look="Who makes a pool shuts it down. `with` around somebody else's pool shuts it down too.",
            how=Message("returned" if call.error is None else "raised"),
            name=name,
            error=show(again.error),
        )


@pytest.mark.task(1)
async def test_overlap_stays_on_the_thread(lab: Lab) -> None:
    """overlap: calls each start on the running loop; everything runs on the calling thread."""
    called: list[bool] = []
    ran: list[bool] = []

    def on_loop() -> bool:
        return lab.on_loop_thread() and asyncio._get_running_loop() is lab.loop

    def start(name: str) -> Callable[[], Awaitable[str]]:
        async def work() -> str:
            ran.append(on_loop())
            return name.upper()

        def begin() -> Awaitable[str]:
            called.append(on_loop())
            return work()

        return begin

    call = await lab.call(kata.overlap, start("a"), start("b"))
    for places, what in ((called, "A start was called"), (ran, "What a start had returned ran")):
        expect(
            all(places),
            "{what} outside the running loop, in another thread or another loop.",
            look="One loop on one thread can have any number of operations in flight. No other thread is needed here.",
            what=Message(what),
        )
    call.raise_crash()
    expect(
        len(called) == 2,
        "overlap got 2 starts, but starts were called {count} times.",
        look="A start is a function without arguments: call each of them once, and await what it returns.",
        count=len(called),
    )
    call.expect_value(["A", "B"])


@pytest.mark.task(1)
async def test_overlap_has_all_in_flight(lab: Lab) -> None:
    """overlap: everything is in flight at the same time."""
    gate = lab.gate()

    async def work(name: str) -> str:
        await gate
        return name.upper()

    probe = lab.probe(work)
    call = lab.call(kata.overlap, lambda: probe("a"), lambda: probe("b"), lambda: probe("c"))
    await lab.rest()
    in_flight = probe.running
    gate.open()
    await call
    if not in_flight:
        call.raise_crash()
    expect(
        in_flight != 1,
        "3 starts were given, and the second was not in flight while the first one waited: they ran one by one.",
        look="Calling an async function runs nothing yet, and `await` waits at once. What makes a coroutine start?",
    )
    expect(
        in_flight == 3,
        "3 starts were given, but only {count} of them were in flight at the same time.",
        look="Nothing limits them here: start them all, then wait.",
        count=in_flight,
    )
    call.expect_value(["A", "B", "C"])


@pytest.mark.task(1)
async def test_overlap_keeps_the_order_of_arguments(lab: Lab) -> None:
    """overlap: the results stand in the order of the arguments, whichever is there first; none given: []."""

    async def work(seconds: float) -> float:
        await lab.pause(seconds)
        return seconds

    probe = lab.probe(work)
    call = await lab.call(kata.overlap, lambda: probe(4), lambda: probe(2), lambda: probe(1))
    expect(
        call.value != [1, 2, 4],
        "The operations took 4, 2 and 1 s, and overlap returned {actual}: the first to end stands first.",
        look="The caller knows which argument it gave at which place, not how long each one takes.",
        actual=show(call.value),
    )
    call.expect_value([4, 2, 1], "The operations returned 4, 2 and 1, but overlap returned {actual}.")
    call = await lab.call(kata.overlap)
    expect(
        not isinstance(call.error, ValueError),
        "overlap() without arguments raised ValueError.",
        look="No starts give no results: []. asyncio.wait, for one, refuses an empty collection.",
    )
    call.expect_value([], "overlap() without arguments returned {actual}, expected {expected}.")


class Countdown:
    """Something to await that is neither a coroutine nor a future."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "awaited"


@pytest.mark.task(1)
async def test_overlap_takes_whatever_can_be_awaited(lab: Lab) -> None:
    """overlap: a start may give any awaitable, and may be given more than once."""

    def future() -> Awaitable[str]:
        made: asyncio.Future[str] = lab.loop.create_future()
        lab.loop.call_soon(made.set_result, "future")
        return made

    call = await lab.call(kata.overlap, Countdown, future)
    expect(
        not isinstance(call.error, TypeError),
        "A start gave something to await that is no coroutine, and overlap raised {error}.",
        look="create_task takes coroutines only. `await` inside a coroutine of your own takes everything.",
        error=show(call.error),
    )
    call.expect_value(["awaited", "future"])
    numbers = iter((1, 2, 4))

    async def count() -> int:
        return next(numbers)

    call = await lab.call(kata.overlap, count, count, count)
    call.raise_crash()
    expect(
        isinstance(call.value, list) and sorted(map(str, call.value)) == ["1", "2", "4"],
        "The same start was given 3 times and gives 1, 2 and 4, but overlap returned {actual}.",
        look="Two arguments may be equal. Tell them apart by their place.",
        actual=show(call.value),
    )
    gate = lab.gate()

    async def visit() -> str:
        await gate
        return "visited"

    probe = lab.probe(visit)
    call = lab.call(kata.overlap, lambda: OnlyAwaitable(probe), lambda: OnlyAwaitable(probe))
    await lab.rest()
    in_flight = probe.running
    gate.open()
    await call
    call.raise_crash()
    expect(
        in_flight == 2,
        "Two starts gave an object with an `__await__` that is neither a coroutine nor a future; while the first one "
        "waited, {count} was in flight.",
        look="Such an object does nothing until it is awaited. Who awaits it while you wait for the one before it?",
        count=in_flight,
    )
    call.expect_value(["visited", "visited"])


@pytest.mark.task(2)
async def test_each_kind_runs_in_its_place(lab: Lab) -> None:
    """run_mixed: io runs on the calling loop, blocking in `threads`, cpu in `processes`; arguments are passed on."""
    places: dict[str, tuple[bool, bool, str]] = {}
    received: list[tuple[object, ...]] = []

    def note(kind: str, args: tuple[object, ...]) -> str:
        on_loop = asyncio._get_running_loop() is lab.loop
        places[kind] = (lab.on_loop_thread(), on_loop, threading.current_thread().name)
        received.append(args)
        return kind.upper()

    async def io(*args: object) -> str:
        return note("io", args)

    def blocking(*args: object) -> str:
        return note("blocking", args)

    with pools() as pair:
        jobs = [kata.Job("io", io, ("a", "b")), kata.Job("blocking", blocking, ("a", "b"))]
        call = await mixed(lab, pair, *jobs)
        if "io" in places:
            expect(
                places["io"][:2] == (True, True),
                "A job of the kind io ran outside the calling loop, in thread {thread}.",
                look="Its fn is a coroutine function. What it returns can be awaited right where you are.",
                thread=places["io"][2],
            )
        if "blocking" in places:
            expect(
                not places["blocking"][0],
                "A job of the kind blocking ran on the event loop's own thread: nothing else could run meanwhile.",
                look="Calling it in a coroutine runs it right there. Which method of the loop takes an executor?",
            )
            expect(
                places["blocking"][2].startswith(POOL),
                "A job of the kind blocking ran in thread {thread}, and that does not belong to `threads`.",
                look="to_thread, and run_in_executor with None, use the loop's default pool. Which were you given?",
                thread=places["blocking"][2],
            )
        expect_nothing_pickled(call, "blocking")
        for args in received:
            expect(
                args == ("a", "b"),
                "A job with the args ('a', 'b') had its function called with {args}.",
                look="The tuple holds the arguments one by one: a star hands them over like that.",
                args=show(args),
            )
        call.expect_value(["IO", "BLOCKING"])
        expect_open(lab, pair, call)
        own = pair[1].submit(os.getpid).result()
        call = await mixed(lab, pair, kata.Job("cpu", os.getpid), kata.Job("cpu", int, ("ff", 16)))
        alone = await mixed(lab, pair, kata.Job("cpu", os.getpid))
    expect_nothing_pickled(call, "cpu")
    call.raise_crash()
    pid, number = call.value if isinstance(call.value, list) and len(call.value) == 2 else (None, call.value)
    expect(
        pid != os.getpid(),
        "A job of the kind cpu ran in the process of the event loop.",
        look="A thread shares the process, and its interpreter lock. The other executor has processes.",
    )
    alone.raise_crash()
    expect(
        alone.value != [os.getpid()],
        "A job of the kind cpu that was the only job of all ran in the process of the event loop.",
        look="It shares the interpreter lock with the loop, if with nobody else. Its place does not depend on the "
        "other jobs.",
    )
    expect(
        pid == own,
        "A job of the kind cpu gave {pid} for its pid, but the one process of `processes` is {own}.",
        look="The caller has a pool already. A pool of your own starts further processes, which is expensive.",
        pid=show(pid),
        own=own,
    )
    expect(number == 255, "The job int('ff', 16) gave {actual}, expected 255.", actual=show(number))
    alone.expect_value([own])


@pytest.mark.task(2)
async def test_two_blocking_jobs_overlap(lab: Lab) -> None:
    """run_mixed: two blocking jobs run at the same time, and the loop answers meanwhile."""
    answers: list[bool] = []
    meeting = Meeting(lab)

    def ask() -> None:
        # Can only be True if the loop runs a callback while this job is still running.
        answers.append(lab.loop_answers())

    with pools() as pair:
        call = await mixed(lab, pair, kata.Job("blocking", ask))
        expect_nothing_pickled(call, "blocking")
        call.raise_crash()
        expect(answers == [True], "A blocking job asked the event loop for an answer while it ran, and got none.")
        call = lab.call(
            kata.run_mixed, [meeting.blocking("a"), meeting.blocking("b")], threads=pair[0], processes=pair[1]
        )
        await lab.until(lambda: meeting.present == 2)
        present = meeting.present
        meeting.end()
        await call
    if not present:
        call.raise_crash()
    expect(
        present == 2,
        "Two blocking jobs and four threads for them, but {count} was running while the other had not begun.",
        look="Something makes one wait for the other: a lock, or an `await` between the two starts.",
        count=present,
    )
    call.expect_value(["A", "B"])


@pytest.mark.task(2)
async def test_results_keep_the_order_of_jobs(lab: Lab) -> None:
    """run_mixed: the results stand in the order of the jobs, whatever their kind and whenever they end."""
    ended = threading.Event()
    opened = lab.thread_gate()

    async def late() -> str:
        await lab.until(ended.is_set)
        opened.open()
        return "a"

    def early() -> str:
        ended.set()
        return "d"

    def last() -> str:
        opened.wait()
        return "b"

    async def soon() -> str:
        return "c"

    with pools() as pair:
        call = await mixed(
            lab,
            pair,
            kata.Job("io", late),
            kata.Job("blocking", last),
            kata.Job("io", soon),
            kata.Job("blocking", early),
            kata.Job("cpu", str, ("e",)),
            kata.Job("io", soon),
        )
        ended.set()
        opened.open()
    if isinstance(call.value, list) and len(call.value) == 6 and call.value != list("abcdec"):
        expect(
            call.value != list("accbde"),
            "The results came back as {actual}: kind by kind instead of in the order of the jobs.",
            look="The caller looks for its third result at the third place. Remember the place of each job.",
            actual=show(call.value),
        )
    call.expect_value(
        list("abcdec"),
        "The jobs give a, b, c, d, e and c, but run_mixed returned {actual}.",
        look="Neither the kind of a job nor the moment of its end changes its place in the list.",
    )


@pytest.mark.task(2)
async def test_jobs_of_different_kinds_can_wait_for_each_other(lab: Lab) -> None:
    """run_mixed: every job is started before any is awaited, whatever the order of kinds; the loop goes on."""
    with pools() as pair:
        for order in (("io", "blocking", "cpu"), ("cpu", "blocking", "io")):
            meeting = Meeting(lab)
            jobs = {"io": meeting.io, "blocking": meeting.blocking, "cpu": meeting.cpu}
            call = mixed(lab, pair, *(jobs[kind]() for kind in order))
            # While this waits, each job holds out for the others: only a loop that goes on can let them go.
            await lab.until(lambda: meeting.present == 3)
            kinds = meeting.kinds()
            meeting.end()
            await call
            if not kinds:
                call.raise_crash()
            missing = [kind for kind in order if kind not in kinds]
            expect(
                not missing,
                "The jobs were {order}. {present} had started and waited; {missing} had not been started meanwhile.",
                look="Start all of them first, whatever their kind; await afterwards. A coroutine starts as a task.",
                order=", ".join(order),
                present=Message.listed(kinds),
                missing=Message.listed(missing),
            )
            call.expect_value([kind.upper() for kind in order])


@pytest.mark.task(3)
async def test_unknown_kind_starts_nothing(lab: Lab) -> None:
    """run_mixed: a kind that does not exist is a ValueError before any job starts."""
    started: list[str] = []

    async def io() -> None:
        started.append("io")

    with pools() as pair:
        for unknown in ("gpu", "IO", "block", ""):
            job = kata.Job(unknown, started.append, (unknown,))  # type: ignore[arg-type]
            call = await mixed(lab, pair, kata.Job("io", io), kata.Job("blocking", started.append, ("blocking",)), job)
            await let_rest_go(lab, [call])
            expect(
                unknown not in started,
                "A job of the kind {kind} ran, and there is no such kind.",
                look="An `else` for the third kind takes in every typing error as well. Name all three.",
                kind=show(unknown),
            )
            call.expect_error(
                ValueError,
                "A job had the kind {kind}: {call} {happened}, expected ValueError.",
                look="Refuse by a ValueError whatever equals none of the three. `in` also finds pieces of a text in a "
                "text.",
                kind=show(unknown),
            )
            expect(
                not started,
                "ValueError told of the kind {kind}, but {started} had been started before that.",
                look="Look at all kinds before you start the first job: afterwards it is too late to refuse.",
                kind=show(unknown),
                started=Message.listed(sorted(started)),
            )


@pytest.mark.task(3)
async def test_exceptions_arrive_as_they_are(lab: Lab) -> None:
    """run_mixed: a job's exception reaches the caller as it is, from every kind."""
    failure = LookupError("no such page")

    async def io() -> None:
        raise failure

    def blocking() -> None:
        raise failure

    with pools() as pair:
        calls = [
            await mixed(lab, pair, job)
            for job in (kata.Job("io", io), kata.Job("blocking", blocking), kata.Job("cpu", int, ("no number",)))
        ]
    await let_rest_go(lab, calls)
    expectations: tuple[BaseException | type[BaseException], ...] = (failure, failure, ValueError)
    for call, kind, expected in zip(calls, ("io", "blocking", "cpu"), expectations, strict=True):
        expect(
            not isinstance(call.error, BaseExceptionGroup),
            "A job of the kind {kind} raised {expected}, and the caller got {error}.",
            look="A TaskGroup packs even one exception into a group. The caller wants what the job raised.",
            kind=kind,
            expected=show(expected),
            error=show(call.error),
        )
        call.expect_error(
            expected,
            "A job of the kind {kind} raised {expected}, but {call} {happened}.",
            look="The exception belongs to the caller: neither wrap it nor put it among the results.",
            kind=kind,
        )


@pytest.mark.task(3)
async def test_a_failure_does_not_wait_for_the_others(lab: Lab) -> None:
    """run_mixed: a job's exception reaches the caller at once, while other jobs are still running."""

    async def io() -> None:
        raise LookupError("from io")

    def blocking() -> None:
        raise LookupError("from blocking")

    failing = {
        "io": kata.Job("io", io),
        "blocking": kata.Job("blocking", blocking),
        "cpu": kata.Job("cpu", int, ("no number",)),
    }
    calls: list[Call] = []
    at_once: list[bool] = []
    cancelled: list[bool] = []
    with pools() as pair:
        for kind, job in failing.items():
            meeting = Meeting(lab)
            others = [meeting.io(), meeting.blocking()] + ([] if kind == "cpu" else [meeting.cpu()])
            call = mixed(lab, pair, *others, job)
            await lab.until(lambda: call.over)
            at_once.append(call.over)
            cancelled.append(meeting.cancelled)
            meeting.end()
            calls.append(await call)
    await let_rest_go(lab, calls)
    for kind, call, over, cleaning in zip(failing, calls, at_once, cancelled, strict=True):
        expect(
            over or not cleaning,
            "A job of the kind {kind} failed and the io job was cancelled, but the exception came only after that one "
            "had cleaned up.",
            look="Who waits for the cleanup of a job waits for that job, and it may take long. You may cancel the "
            "others, but do not wait for them.",
            kind=kind,
        )
        expect(
            over,
            "A job of the kind {kind} failed, but its exception came only after the other jobs had ended.",
            look="Whoever awaits jobs in order, or leaves a `with` or TaskGroup, waits for those that still run.",
            kind=kind,
        )
        call.expect_error(
            ValueError if kind == "cpu" else LookupError,
            "A job of the kind {kind} raised {expected} while others were running, but {call} {happened}.",
            kind=kind,
        )


@pytest.mark.task(3)
async def test_the_executors_stay_the_callers(lab: Lab) -> None:
    """run_mixed: both executors still take jobs afterwards, also after a failure."""

    def blocking() -> None:
        raise LookupError("no such page")

    calls: list[Call] = []
    with pools() as pair:
        for job in (kata.Job("cpu", int, ("1",)), kata.Job("blocking", blocking)):
            call = await mixed(lab, pair, kata.Job("blocking", int, ("1",)), job)
            if not isinstance(call.error, LookupError):
                call.expect_value([1, 1])
            expect_open(lab, pair, call)
            calls.append(call)
        # What asyncio.run does when its coroutine has ended.
        await lab.loop.shutdown_default_executor()
        again = lab.attempt(pair[0].submit, int, "1")
        expect(
            again.error is None,
            "When the event loop had shut down its own default executor, the caller's executor `threads` refused a "
            "further job: {error}.",
            look="asyncio.run shuts the loop's default executor down at its end. What you make the default ends there.",
            error=show(again.error),
        )
    await let_rest_go(lab, calls)
