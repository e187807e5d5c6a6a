"""Checks of kata 13. Threads and processes are real here: jobs meet the check at gates, no check measures time."""

import asyncio
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable

import pytest
import sync_bridge as kata

from asyncio_katas.lab import Call, Lab, Message, expect, pass_gate, show

# Real threads and processes may start slowly on a busy machine. Only an answer that never ends pays for this.
pytestmark = pytest.mark.timeout(60)


class Jobs:
    """Synchronous jobs that hold at a gate, and count themselves. What they see is judged after the pools are gone."""

    def __init__(self, lab: Lab) -> None:
        self.gate = lab.thread_gate()
        self.started: list[str] = []
        self.finished: list[str] = []
        self.most = 0
        self._lock = threading.Lock()

    def hold(self, name: str) -> str:
        """Start, wait for the gate, finish."""
        with self._lock:
            self.started.append(name)
            self.most = max(self.most, len(self.started) - len(self.finished))
        self.gate.wait()
        with self._lock:
            self.finished.append(name)
        return name.upper()


class Abort(BaseException):
    """Ends a job, and is no Exception, like SystemExit."""


def processes_left(lab: Lab, before: list[int]) -> list[int]:
    """Return the processes that came up since; what an earlier check left behind is not this one's."""
    return [pid for pid in lab.left_outside()[1] if pid not in before]


async def expect_processes_ended(lab: Lab, before: list[int]) -> None:
    """Expect that leaving the block has ended the pool of processes, where everything else was right."""
    # Whatever was told to end has ended when nothing can happen any more.
    await lab.until(lambda: False)
    expect(
        not processes_left(lab, before),
        "What the calls gave was right, but after the block a process of the pool is still there.",
        look="A pool of processes has to be shut down, and its end waited for.",
    )


async def block(use: Callable[[kata.Offload], Awaitable[None]]) -> None:
    """Enter the block, use it, leave it."""
    async with kata.Offload(threads=1, processes=1) as bridge:
        await use(bridge)


def forget_what_has_ended(call: Call) -> None:
    """Forgive a task that looks after a job for outliving the await: it belongs to the block, which has been left."""
    call.left_behind = [task for task in call.left_behind if not task.done()]


@pytest.mark.task(1)
async def test_offload_runs_in_another_thread(lab: Lab) -> None:
    """offload: runs the function in a worker thread and gives its value."""
    seen: list[bool] = []

    def job(left: str, right: str) -> str:
        seen.append(lab.on_loop_thread())
        return left + right

    call = await lab.call(kata.offload, job, "a", "b")
    if "local object" in str(call.error):
        expect(
            False,
            "The function had to be pickled, and cannot be: {error}.",
            look="What is sent to another process is pickled; a thread takes any function. offload promises a thread.",
            error=show(call.error),
        )
    call.expect_value("ab", "job('a', 'b') returned {expected}, but offload returned {actual}.")
    expect(
        seen != [True],
        "The function ran on the event loop's own thread: nothing else could run meanwhile.",
        look="Calling it in a coroutine runs it right there. What hands a function over to another thread?",
    )
    expect(seen == [False], "The function was called {count} times instead of once.", count=len(seen))


@pytest.mark.task(1)
async def test_offload_keeps_the_loop_responsive(lab: Lab) -> None:
    """offload: the event loop goes on while the function runs."""
    answers: list[bool] = []

    def job() -> None:
        # Can only be True if the loop runs a callback while this function is still running.
        answers.append(lab.loop_answers())

    call = await lab.call(kata.offload, job)
    call.raise_crash()
    expect(
        answers == [True],
        "The function asked the event loop for an answer while it was running, and got none.",
        look="Waiting for a thread with result() or join() blocks the loop; await the result instead.",
    )


@pytest.mark.task(1)
async def test_offload_raises_the_exception(lab: Lab) -> None:
    """offload: an exception of the function is raised at the await."""
    for failure in (LookupError("no such page"), Abort("no use going on")):

        def job() -> None:
            raise failure

        call = lab.call(kata.offload, job)
        await lab.until(lambda: call.over)
        expect(
            call.over or isinstance(failure, Exception),
            "The function raised {failure}, which is no Exception but a BaseException, and offload never ended.",
            look="However the function ends, somebody awaits it. Does your thread hand over what `except Exception` "
            "does not catch?",
            failure=show(failure),
        )
        await call
        call.expect_error(
            failure,
            "The function raised {expected}, but {call} {happened}.",
            look="The exception belongs to whoever awaits the result: neither swallow nor wrap it.",
        )


@pytest.mark.task(2)
async def test_as_many_threads_as_allowed(lab: Lab) -> None:
    """in_thread: never more than `threads` jobs run at once, and that many when there is work."""
    jobs = Jobs(lab)
    calls: list[Call] = []
    running = 0
    async with kata.Offload(threads=3, processes=1) as bridge:
        calls += [lab.call(bridge.in_thread, jobs.hold, name) for name in "abcdefg"]
        await lab.until(lambda: len(jobs.started) >= 3)
        # One more than allowed would come now.
        await lab.rest()
        running = len(jobs.started)
        jobs.gate.open()
        for call in calls:
            await call
    expect(
        running <= 3 and jobs.most <= 3,
        "threads=3, but {count} jobs were running at the same time.",
        look="Where does the pool come from, and what limits it? The loop's default pool has its own idea.",
        count=max(running, jobs.most),
    )
    expect(
        running == 3,
        "threads=3 and 7 jobs to do, but no more than {count} ran at the same time.",
        look="Jobs wait for each other somewhere: a lock, a pool that is too small, or an await too many.",
        count=running,
    )
    for call, name in zip(calls, "ABCDEFG", strict=True):
        call.expect_value(name, "Job {expected} gave {actual} instead of its own result.")


@pytest.mark.task(2)
async def test_arguments_and_exceptions(lab: Lab) -> None:
    """Both methods: all arguments arrive, values and exceptions come back, and leaving ends the pools."""
    failure = LookupError("no such page")
    _, before = lab.left_outside()

    def fail_with(error: Exception) -> None:
        raise error

    async with kata.Offload(threads=2, processes=1) as bridge:
        in_thread = await lab.call(bridge.in_thread, int, "ff", base=16)
        raising = await lab.call(bridge.in_thread, fail_with, failure)
        in_process = await lab.call(bridge.in_process, int, "ff", base=16)
        broken = await lab.call(bridge.in_process, int, "no number")
        methods = (bridge.in_thread, bridge.in_process)
        named = [await lab.call(method, dict, fn="a", args="b") for method in methods]
        returning = [await lab.call(method, LookupError, "no such page") for method in methods]
    for call in (in_thread, in_process):
        expect(
            not isinstance(call.error, TypeError | ValueError),
            "{call}(int, 'ff', base=16) raised {error}; expected 255.",
            look="The keyword arguments have not arrived. Both kinds belong to the function: hand both on."
            if isinstance(call.error, ValueError)
            else "run_in_executor and submit differ in keyword arguments. What wraps a call with its arguments?",
            call=call.name,
            error=show(call.error),
        )
        call.expect_value(255, "{call}(int, 'ff', base=16) returned {actual}, expected {expected}.")
    for call in named:
        call.expect_value(
            {"fn": "a", "args": "b"},
            "{call}(dict, fn='a', args='b') returned {actual}, expected {expected}.",
            look="Its keyword arguments may have any name: what is your own is positional-only, before `/`.",
        )
    for call in returning:
        expect(
            not isinstance(call.error, LookupError),
            "The function returned a LookupError, but {call} raised it.",
            look="An exception may be a value, too. Keep values and errors apart instead of asking for the type of "
            "what came.",
            call=call.name,
        )
        call.raise_crash()
        expect(
            type(call.value) is LookupError,
            "The function returned a LookupError, but {call} {happened}.",
            call=call.name,
            happened=call.happened,
        )
    raising.expect_error(failure, "The function raised {expected} in its thread, but {call} {happened}.")
    broken.expect_error(ValueError, "The function raised a ValueError in its process, but {call} {happened}.")
    await expect_processes_ended(lab, before)


@pytest.mark.task(2)
async def test_processes_are_others_and_reused(lab: Lab) -> None:
    """in_process: runs in another process, with processes=1 the same one for every call, and takes up no thread."""
    _, before = lab.left_outside()
    thread_was_free = True
    async with kata.Offload(threads=1, processes=1) as bridge:
        calls = [lab.call(bridge.in_process, os.getpid) for _ in range(3)]
        for call in calls:
            await call
        workers = processes_left(lab, before)
        if all(call.error is None and call.value != os.getpid() for call in calls):
            gate = lab.process_gate()
            computing = lab.call(bridge.in_process, pass_gate, gate.address, "computed")
            await lab.until(lambda: bool(gate.arrived))
            beside = lab.call(bridge.in_thread, str.upper, "a")
            await lab.until(lambda: beside.over)
            thread_was_free = beside.over
            gate.open()
            for call in (computing, beside):
                await call
    pids = []
    for call in calls:
        call.raise_crash()
        pids.append(call.value)
    expect(
        os.getpid() not in pids,
        "The function ran in the process of the event loop.",
        look="A thread shares the process. Functions that compute need a pool of processes.",
    )
    expect(
        len(set(pids)) == 1,
        "processes=1, but three calls ran in {count} different processes.",
        look="Starting a process is expensive: one pool for the whole block, whose process takes job after job.",
        count=len(set(pids)),
    )
    expect(
        len(workers) <= 1,
        "processes=1, but for three calls at once {count} processes were started.",
        look="`processes` is how many workers the pool may have.",
        count=len(workers),
    )
    expect(
        thread_was_free,
        "threads=1, and while a job ran in the process, a job for the thread did not begin.",
        look="Something waits in one of the threads for the process. The loop can await the process by itself.",
    )
    computing.expect_value("computed")
    beside.expect_value("A")
    await expect_processes_ended(lab, before)


@pytest.mark.task(2)
async def test_context_variables_reach_the_thread(lab: Lab) -> None:
    """in_thread: the function sees the caller's context variables."""
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    async with kata.Offload(threads=1, processes=1) as bridge:
        first = await lab.call(bridge.in_thread, user.get)
        token = user.set("ada")
        second = await lab.call(bridge.in_thread, user.get)
        user.reset(token)
        third = await lab.call(bridge.in_thread, user.get)
    first.raise_crash()
    second.expect_value(
        "ada",
        "The caller had set the context variable to {expected}, but the function in the thread saw {actual}.",
        look="A thread starts with a context of its own. contextvars.copy_context() carries the caller's over.",
    )
    third.expect_value(
        "nobody",
        "The caller had not set the context variable, whose default is {expected}, but the function in the thread saw "
        "{actual}, which an earlier caller had set.",
        look="What is set in a worker thread stays there. Run the function in the caller's context, by Context.run().",
    )


@pytest.mark.task(3)
async def test_cancelling_ends_the_await_but_not_the_job(lab: Lab) -> None:
    """offload, in_thread: a cancelled caller stops waiting at once, although the function runs on in its thread."""
    for place in ("offload", "in_thread"):
        jobs = Jobs(lab)
        over: list[bool] = []

        async def use(function: Callable[..., Awaitable[str]]) -> Call:
            call = lab.call(function, jobs.hold, "a")
            await lab.until(lambda: jobs.started == ["a"])
            call.cancel()
            await lab.rest()
            over.append(call.over)
            return call

        if place == "offload":
            call = await use(kata.offload)
            jobs.gate.open()
        else:
            async with kata.Offload(threads=1, processes=1) as bridge:
                call = await use(bridge.in_thread)
                next_call = lab.call(bridge.in_thread, jobs.hold, "b")
                await lab.rest()
                jobs.gate.open()
            for each in (call, next_call):
                await each
                forget_what_has_ended(each)
            expect(
                jobs.most == 1,
                "threads=1; a caller was cancelled, and the next job started beside the one that still ran.",
                look="Who was cancelled no longer waits, but the thread is still in use until its function has ended.",
            )
        await call
        expect(
            over == [True],
            "The caller of {place} was cancelled, but its await went on until the function had finished.",
            look="Nothing can stop a running thread. The await can end all the same; the thread runs on behind it.",
            place=place,
        )
        call.expect_error(
            asyncio.CancelledError,
            "The caller was cancelled, but {call} {happened}.",
            look="Whoever is cancelled ends by CancelledError: let it pass instead of returning something.",
        )


@pytest.mark.task(3)
async def test_leaving_waits_for_every_job(lab: Lab) -> None:
    """Leaving the block waits for every job, be it queued, or its caller cancelled, and the loop goes on meanwhile."""
    raised = LookupError("raised in the block")
    for names, special, problem in (
        ("abc", "", None),
        ("a", "cancelled", None),
        ("a", "failed", None),
        ("abc", "", raised),
    ):
        jobs = Jobs(lab)
        calls: list[Call] = []
        failing: list[Call] = []
        leaving: list[bool] = []

        async def use(bridge: kata.Offload) -> None:
            for name in names:
                calls.append(lab.call(bridge.in_thread, jobs.hold, name))
                if special == "failed":
                    failing.append(lab.call(bridge.in_thread, int, "no number"))
            await lab.until(lambda: len(jobs.started) == 1)
            if special == "cancelled":
                calls[0].cancel()
                await lab.rest()
            leaving.append(True)
            if problem is not None:
                raise problem

        whole = lab.call(block, use)
        await lab.until(lambda: bool(leaving))
        # The block is being left. That this returns shows that the loop goes on meanwhile.
        await lab.rest()
        left_early = whole.over
        jobs.gate.open()
        await whole
        finished = list(jobs.finished)
        for call in (*calls, *failing):
            await call
            forget_what_has_ended(call)
        for call in failing:
            call.expect_error(ValueError)
        expect(
            special != "failed" or whole.error is not failing[0].error,
            "A job failed while the block was being left, and its exception left the block.",
            look="A job's exception belongs to whoever awaits the job. Leaving only waits, for all of them.",
        )
        if problem is None or isinstance(whole.error, NotImplementedError):
            whole.raise_crash()
        expect(
            not left_early,
            "The block was left{when} while a function was still running in its thread.",
            look="shutdown(wait=False) does not wait, and who was cancelled does not either. Something has to.",
            when=Message(" by an exception" if problem else ""),
        )
        expect(
            sorted(finished) == list(names),
            "Three jobs were handed in, one running and two queued, but only {count} had run when the block was left.",
            look="Waiting for the running one is not enough, and cancel_futures throws the queued ones away.",
            count=len(finished),
        )
        for call, name in zip(calls, names, strict=True):
            if special != "cancelled":
                call.expect_value(name.upper(), "A job gave {actual} instead of its own result, {expected}.")
        if problem is not None:
            came = Message("no exception came out")
            if whole.error is not None:
                came = Message.of("what came out was {error}", {"error": show(whole.error)})
            expect(
                whole.error is problem,
                "The block was left by {problem}, but {came}.",
                look="What is raised in the block leaves it, after the jobs are done.",
                problem=show(problem),
                came=came,
            )


@pytest.mark.task(3)
async def test_nothing_is_left_after_the_block(lab: Lab) -> None:
    """After the block no thread and no process of the pools is left."""
    _, before = lab.left_outside()
    async with kata.Offload(threads=2, processes=1) as bridge:
        first = await lab.call(bridge.in_thread, threading.get_ident)
        second = await lab.call(bridge.in_process, os.getpid)
    first.raise_crash()
    second.raise_crash()
    # Whatever was told to end has ended when this returns.
    await lab.rest()
    threads, _ = lab.left_outside()
    expect(
        not processes_left(lab, before),
        "The block was left, and a process of the pool is still there.",
        look="A pool of processes has to be shut down, and its end waited for.",
    )
    expect(
        not threads,
        "The block was left, and these threads of the pool are still there: {names}.",
        look="A pool of threads has to be shut down too, also when its threads are idle.",
        names=", ".join(threads),
    )


@pytest.mark.task(3)
async def test_afterwards_both_methods_refuse(lab: Lab) -> None:
    """After the block both methods raise RuntimeError and run nothing."""
    ran: list[str] = []
    async with kata.Offload(threads=1, processes=1) as bridge:
        before = await lab.call(bridge.in_thread, ran.append, "before")
    before.raise_crash()
    methods: list[tuple[Callable[..., object], Callable[..., object], tuple[object, ...]]] = [
        (bridge.in_thread, ran.append, ("after",)),
        (bridge.in_process, os.getpid, ()),
    ]
    for method, function, arguments in methods:
        call = await lab.call(method, function, *arguments)  # type: ignore[arg-type]
        call.expect_error(
            RuntimeError,
            "The block was left, and then {call} {happened}; expected a RuntimeError.",
            look="There is no pool any more. Say so instead of making a new one, or of using another.",
        )
    expect(ran == ["before"], "A job that was handed in after the block ran all the same.")
