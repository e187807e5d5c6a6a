"""Checks of kata 05."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import exception_handling as kata
import pytest

from asyncio_katas.lab import Call, Lab, Mark, Message, OnlyAwaitable, Probe, expect, fail, show

Service = Callable[[], Awaitable[Any]]
Attempt = tuple[float, object]


class Reports:
    """An `on_failure` that notes down what it is told, and when."""

    def __init__(self, lab: Lab) -> None:
        self.args: list[tuple[Any, ...]] = []
        self.times: list[float] = []
        self._lab = lab

    def __call__(self, *args: Any) -> None:
        """Be told of a failure."""
        self.args.append(args)
        self.times.append(self._lab.now)

    @property
    def names(self) -> list[object]:
        """Return the names that were reported, in order."""
        return [args[0] if args else None for args in self.args]

    def of(self, name: str) -> list[object]:
        """Return the exceptions that were reported under a name, in order."""
        return [args[1] if len(args) > 1 else None for args in self.args if args and args[0] == name]


class Stop(BaseException):
    """A failure that is no Exception."""


def serving(
    lab: Lab, plans: Mapping[str, list[Attempt]], *, cleanup: Mapping[str, float] | None = None
) -> tuple[Probe[[str], Any], dict[str, Service]]:
    """Return services whose n-th attempt takes so long, and then gives or raises that; the last one repeats."""
    upcoming = {name: list(attempts) for name, attempts in plans.items()}

    async def service(name: str) -> object:
        left = upcoming[name]
        seconds, result = left.pop(0) if len(left) > 1 else left[0]
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    seconds = dict(cleanup or {})
    probe = lab.probe(service, cleanup=lambda name: seconds.get(name, 0.0))
    return probe, {name: functools.partial(probe, name) for name in plans}


def attempts(service: Probe[[str], Any], name: str) -> int:
    """Return how many attempts of a service have begun."""
    return sum(1 for args in service.args if args == (name,))


def members(call: Call) -> list[BaseException]:
    """Return what the group that left the call holds, if it was one."""
    return list(call.error.exceptions) if isinstance(call.error, BaseExceptionGroup) else []


def watch(lab: Lab, task: asyncio.Task[Any], reports: Reports) -> None:
    """Have a task reported on, which must go well."""
    watching = lab.attempt(kata.report_failure, task, reports)
    if inspect.iscoroutine(watching.value):
        watching.value.close()
        fail(
            "report_failure(task, on_failure) returned a coroutine, which runs only if somebody awaits it.",
            look="It is a plain `def`: it returns at once, and what it has arranged happens later.",
        )
    expect(
        watching.error is None or isinstance(watching.error, NotImplementedError | TypeError | AttributeError),
        "{call} is to return at once, but it {happened}",
        look="A task that is not done has no exception yet. Ask it when it is done.",
        call=watching.name,
        happened=watching.happened,
    )
    watching.raise_crash()


@pytest.mark.task(1)
async def test_a_failure_is_reported(lab: Lab) -> None:
    """report_failure: a task that fails is reported once, with its name and its exception, and nothing is logged."""
    failures: dict[str, BaseException] = {"mail": LookupError("no such page"), "backup": OSError("disk"), "fan": Stop()}
    work, _ = serving(lab, {name: [(2.0, failure)] for name, failure in failures.items()})
    # Held until the end, so that what nobody has looked at is found there.
    tasks: list[asyncio.Task[Any]] = []
    for number, (name, failure) in enumerate(failures.items()):
        reports = Reports(lab)
        tasks.append(lab.loop.create_task(work(name), name=name))
        watch(lab, tasks[-1], reports)
        await lab.pause(4)
        if not reports.args:
            expect_quiet(lab, Message("The task {name} failed", {"name": show(name)}))
        expect(
            len(reports.args) > 0,
            "The task {name} failed with {failure} at t={t}, and nothing was reported.",
            look="When report_failure is called, the task still runs. What can a task call when it is done, "
            "however it has failed?",
            name=show(name),
            failure=show(failure),
            t=4.0 * number + 2,
        )
        expect(
            len(reports.args) == 1,
            "The task {name} failed once, and that was reported {count} times.",
            look="One failure, one call.",
            name=show(name),
            count=len(reports.args),
        )
        args = reports.args[0]
        expect(
            len(args) == 2 and args[0] == name,
            "The task {name} failed, but what was reported is {args}.",
            look="on_failure takes a name and an exception. A task knows its own name, given to create_task.",
            name=show(name),
            args=show(args),
        )
        expect(
            args[1] is failure,
            "The task raised {failure}, but what was reported is {reported}.",
            look="Report the very exception object: neither its text, nor another one around it.",
            failure=show(failure),
            reported=show(args[1]),
        )
        expect(
            reports.times[0] == 4 * number + 2,
            "The task failed at t={failed}, and that was reported at t={reported}.",
            look="A task tells at once that it is done, if it was asked to.",
            failed=4.0 * number + 2,
            reported=reports.times[0],
        )
        expect_quiet(lab, Message("The task {name} failed", {"name": show(name)}))
    reports = Reports(lab)
    watch(lab, tasks[0], reports)
    await lab.pause(1)
    expect(
        len(reports.args) <= 1,
        "A task that had failed before report_failure was called was reported {count} times.",
        look="A task that is done calls a callback that is added then, too: soon, and by itself.",
        count=len(reports.args),
    )


def expect_quiet(lab: Lab, what: Message) -> None:
    """Expect the event loop not to have found anything that it would log."""
    __tracebackhide__ = True
    for complaint in lab.loop.complaints:
        fail(
            "{what}, and the event loop would have logged: {message} ({error})",
            look="An exception in a callback reaches nobody but the log. Which question may you ask which task?",
            what=what,
            message=str(complaint.get("message")),
            error=show(complaint.get("exception")),
        )


@pytest.mark.task(1)
async def test_success_is_not_reported(lab: Lab) -> None:
    """report_failure: a task that returns is not reported."""
    for value in ("done", None):
        reports = Reports(lab)
        work, _ = serving(lab, {"mail": [(2, value)]})
        task: asyncio.Task[Any] = lab.loop.create_task(work("mail"), name="mail")
        watch(lab, task, reports)
        await lab.pause(4)
        expect(
            not reports.args,
            "The task returned {value}, and {args} was reported.",
            look="A task is done in three ways; only one of them is a failure. exception() is None after a success.",
            value=show(value),
            args=show(reports.args[0]) if reports.args else "",
        )
        expect(
            task.done() and not task.cancelled() and task.exception() is None and task.result() == value,
            "The task should have returned {value}, but report_failure has changed what becomes of it.",
            look="Only watch.",
            value=show(value),
        )
        expect_quiet(lab, Message("The task returned {value}", {"value": show(value)}))


@pytest.mark.task(1)
async def test_cancellation_is_not_reported(lab: Lab) -> None:
    """report_failure: a task that is cancelled is not reported, and nothing is logged."""
    reports = Reports(lab)
    work, _ = serving(lab, {"mail": [(8, "done")], "backup": [(8, "done")]})
    tasks: list[asyncio.Task[Any]] = [lab.loop.create_task(work(name), name=name) for name in ("mail", "backup")]
    for task in tasks:
        watch(lab, task, reports)
    # One before its first turn, one in the middle of its work.
    tasks[0].cancel()
    await lab.pause(2)
    tasks[1].cancel()
    await lab.pause(2)
    expect(
        not reports.args,
        "A task was cancelled, and {args} was reported.",
        look="Somebody wanted it to stop; that is no failure. A task can tell whether it was cancelled.",
        args=show(reports.args[0]) if reports.args else "",
    )
    expect_quiet(lab, Message("A task was cancelled"))
    expect(all(task.cancelled() for task in tasks), "Two tasks were cancelled, but report_failure kept one from it.")


@pytest.mark.task(2)
async def test_services_run_at_the_same_time(lab: Lab) -> None:
    """supervise: all services run at the same time, each of them once if it succeeds."""
    service, services = serving(lab, {"a": [(4, "A")], "b": [(3, "B")], "c": [(2, "C")]})
    reports = Reports(lab)
    call = await lab.call(kata.supervise, services, reports)
    call.raise_crash()
    expect(
        service.peak == 3,
        "At most {peak} of 3 services were running at the same time; the call took {took} s instead of 4.",
        look="Awaiting a coroutine starts it and waits for its end. Make all of them tasks first, then wait.",
        peak=service.peak,
        took=call.ended,
    )
    expect(
        service.started == 3,
        "Three services succeeded at their first attempt, but there were {count} attempts.",
        look="Who has succeeded is not called again, and each service is called for itself.",
        count=service.started,
    )
    expect(not reports.args, "All services succeeded, and {names} was reported.", names=show(reports.names))
    expect(
        call.ended == 4,
        "The last service ended at t=4, but the call ended at t={ended}.",
        mark=call.end(due=4),
        ended=call.ended,
        look="When all have ended there is nothing left to wait for.",
    )


@pytest.mark.task(2)
async def test_results_in_the_order_of_the_mapping(lab: Lab) -> None:
    """supervise: returns a dict of the results by name, in the order of the mapping, whatever is awaited."""
    service, services = serving(lab, {"d": [(4, "D")], "b": [(3, None)], "c": [(2, 0)], "a": [(1, "A")]})
    services["c"] = lambda: OnlyAwaitable(functools.partial(service, "c"))
    call = await lab.call(kata.supervise, MappingProxyType(services), Reports(lab))
    refused = next((error for error in [call.error, *members(call)] if isinstance(error, TypeError)), None)
    expect(
        refused is None,
        "A service gave an object with __await__ instead of a coroutine, and supervise ended by {error}.",
        look="create_task() takes coroutines only; a coroutine of yours can await anything.",
        error=type(refused).__name__,
    )
    expected = {"d": "D", "b": None, "c": 0, "a": "A"}
    call.expect_value(expected, "supervise returned {actual}, expected {expected}.", look="One entry for each service.")
    expect(
        list(call.value) == list(expected),
        "The services were given as {expected}, but their results came as {order}.",
        look="A dict keeps the order in which its entries are made; the services end in another.",
        expected=", ".join(expected),
        order=", ".join(call.value),
    )
    call = await lab.call(kata.supervise, {}, Reports(lab))
    expect(
        call.error is None or isinstance(call.error, NotImplementedError),
        "Without any service, supervise {happened}; expected an empty dict.",
        look="Not every function that waits likes to wait for nothing.",
        happened=call.happened,
    )
    call.expect_value({}, "Without any service supervise returned {actual}, expected {expected}.")


@pytest.mark.task(2)
async def test_one_failure_stops_nobody(lab: Lab) -> None:
    """supervise: a service that fails does not stop the others, and the call ends when the last one has ended."""
    service, services = serving(lab, {"a": [(4, "A")], "b": [(1, LookupError("b"))], "c": [(8, "C")]}, cleanup={"a": 1})
    call = await lab.call(kata.supervise, services, Reports(lab))
    await lab.pause(16)
    if isinstance(call.error, NotImplementedError):
        call.raise_crash()
    stopped = [span.label for span in service.spans if span.cancels]
    expect(
        not stopped,
        "'b' failed at t=1, and {label} was cancelled.",
        look="A TaskGroup cancels everybody when one of its tasks fails. Which of your tasks may raise?",
        mark=Mark(1, "'b' fails"),
        label=stopped[0] if stopped else "",
    )
    expect(
        (call.ended or 0.0) >= 8,
        "'b' failed at t=1, and the call ended at t={ended}, while another service was still running.",
        look="gather() raises the first exception at once, and leaves the others running behind your back.",
        mark=Mark(call.ended or 0.0, "the call ends"),
        ended=call.ended,
    )
    expect(
        service.started == 3,
        "Three services, and no retries: one failed, and there were {count} attempts.",
        look="The first attempt is no retry. Without retries, each service has one.",
        count=service.started,
    )
    expect(
        call.ended == 8,
        "'b' failed at t=1 and the last service ended at t=8, but the call ended at t={ended}.",
        look="When all have ended there is nothing left to wait for.",
        mark=call.end(due=8),
        ended=call.ended,
    )
    expect(
        call.error is not None,
        "'b' failed, and {call} {happened} as if nothing had happened.",
        look="Its caller has to learn that there is no result of 'b'.",
        call=call.name,
        happened=call.happened,
    )


@pytest.mark.task(2)
async def test_retries(lab: Lab) -> None:
    """supervise: a failed attempt is followed by a new call of the service, up to `retries` times, each for itself."""
    down = OSError("down")
    plans: dict[str, list[Attempt]] = {
        "a": [(1, down)],
        "b": [(1, down), (1, "B")],
        "c": [(1, down), (1, down), (1, "C")],
        "d": [(1, "D")],
    }
    for retries in (0, 1, 2, 3):
        service, services = serving(lab, plans)
        call = await lab.call(kata.supervise, services, Reports(lab), retries=retries)
        if isinstance(call.error, NotImplementedError):
            call.raise_crash()
        expect(
            "already awaited" not in show(call.error) + "".join(show(error) for error in members(call)),
            "A second attempt awaited the coroutine of the first one again.",
            look="A coroutine runs once. A service is a function: call it again, and await what it returns.",
        )
        counts = {name: attempts(service, name) for name in plans}
        needed = {"a": retries + 1, "b": min(2, retries + 1), "c": min(3, retries + 1), "d": 1}
        wrong = next((name for name in plans if counts[name] != needed[name]), None)
        expect(
            wrong is None,
            "retries={retries}: there were {count} attempts of {name}, expected {expected}.",
            look="The first attempt is no retry; whoever succeeds is done; and each service has its own retries.",
            retries=retries,
            name=show(wrong),
            count=counts.get(wrong or "", 0),
            expected=needed.get(wrong or "", 0),
        )
    service, services = serving(lab, {"a": [(1, down), (1, "A")], "b": [(64, "B")]})
    await lab.call(kata.supervise, services, Reports(lab), retries=1)
    again = [span.start for span in service.spans if span.label == "service a"][1:]
    free = [span.end for span in service.spans if span.label == "service b"]
    expect(
        bool(again) and bool(free) and again[0] < (free[0] or 0.0),
        "The second attempt of 'a' was started only when 'b', which takes 64 s, had ended.",
        look="Each service goes on by itself: it does not wait for a round of all the others to end.",
    )
    fine = {name: plan for name, plan in plans.items() if name != "a"}
    service, services = serving(lab, fine)
    call = await lab.call(kata.supervise, services, Reports(lab), retries=2)
    expect(
        call.error is None,
        "With retries=2 each service succeeded in the end, but supervise {happened}.",
        look="A failure that was followed by a success has been reported, and is over.",
        happened=call.happened,
    )
    call.expect_value({"b": "B", "c": "C", "d": "D"}, "supervise returned {actual}, expected {expected}.")


@pytest.mark.task(2)
async def test_failures_are_reported_at_once(lab: Lab) -> None:
    """supervise: each failure is reported at the moment it happens, with the service's name and the exception."""
    failures = [LookupError("b"), OSError("c1"), OSError("c2")]
    service, services = serving(
        lab, {"a": [(16, "A")], "b": [(1, failures[0]), (4, "B")], "c": [(2, failures[1]), (4, failures[2])]}
    )
    reports = Reports(lab)
    call = await lab.call(kata.supervise, services, reports, retries=1)
    if isinstance(call.error, NotImplementedError):
        call.raise_crash()
    ends = [span.end for span in service.spans if span.how == "raised"]
    final_only = reports.names == ["c"] and reports.of("c") == [failures[2]]
    expect(
        not final_only,
        "Three attempts failed, one of 'b' and two of 'c'; only the last one of 'c' was reported.",
        look="A failure that is followed by another attempt is a failure too, and somebody wants to know.",
    )
    expect(
        len(reports.args) == len(ends),
        "{ends} attempts failed, and there were {count} reports: {names}.",
        look="Each failed attempt is reported once, whether or not another one follows.",
        ends=len(ends),
        count=len(reports.args),
        names=show(reports.names),
    )
    expect(
        reports.names == ["b", "c", "c"],
        "One attempt of 'b' failed, then two of 'c'; what was reported is {names}.",
        look="on_failure takes the name of the service, as the mapping has it, and the exception. "
        "A variable that a function uses later has the value it has then.",
        names=show(reports.names),
    )
    seen = [args[1] if len(args) == 2 else args for args in reports.args]
    expect(
        all(one is other for one, other in zip(seen, failures, strict=False)),
        "'b' raised {first}, 'c' raised {second}, then {third}; what was reported is {seen}.",
        look="Report the very exception that was raised.",
        first=show(failures[0]),
        second=show(failures[1]),
        third=show(failures[2]),
        seen=show(seen),
    )
    expect(
        reports.times == sorted(end or 0.0 for end in ends),
        "Attempts failed at t={ends}, and were reported at t={times}.",
        look="Whoever is told when all is over cannot help any more. Report where the exception is caught.",
        ends=show(sorted(end or 0.0 for end in ends)),
        times=show(reports.times),
    )


@pytest.mark.task(3)
async def test_final_failures_leave_as_a_group(lab: Lab) -> None:
    """supervise: the last exceptions of those that failed for good leave as one group, in the order of the mapping."""
    first, last = OSError("first"), OSError("last")
    nested = ExceptionGroup("nested", [LookupError("one"), LookupError("two")])
    other = LookupError("other")
    _, services = serving(
        lab,
        {
            "a": [(4, first), (4, last)],
            "b": [(3, first), (2, "B")],
            "c": [(2, nested)],
            "d": [(16, "D")],
            "e": [(1, other)],
        },
    )
    call = await lab.call(kata.supervise, services, Reports(lab), retries=1)
    expect_group(call, [last, nested, other], "'a', 'c' and 'e' failed for good")
    _, services = serving(lab, {"a": [(1, "A")], "b": [(2, other)]})
    call = await lab.call(kata.supervise, services, Reports(lab))
    expect(
        call.error is not other,
        "One service failed, and its exception left the call by itself instead of in an ExceptionGroup.",
        look="The caller should not need two kinds of `except`: one failure is a group too.",
    )
    expect_group(call, [other], "'b' failed")


def expect_group(call: Call, expected: list[BaseException], why: str) -> None:
    """Expect an ExceptionGroup of exactly these to have left the call."""
    __tracebackhide__ = True
    if not isinstance(call.error, BaseExceptionGroup):
        call.expect_error(
            BaseExceptionGroup,
            "{why}: {call} {happened}, expected an ExceptionGroup.",
            why=Message(why),
            look="What cannot be a result must not be lost: ExceptionGroup takes a text and a list of exceptions.",
        )
    seen = members(call)
    texts = ", ".join(show(error) for error in seen)
    expect(
        len(seen) == len(expected),
        "{why}: the group holds {count} exceptions instead of {expected}: {texts}.",
        why=Message(why),
        look="One for each service that failed for good: the last one, as it is. Earlier ones have been reported.",
        count=len(seen),
        expected=len(expected),
        texts=texts,
    )
    expect(
        {id(error) for error in seen} == {id(error) for error in expected},
        "{why}: the group holds {texts}; expected {expected}.",
        why=Message(why),
        look="The very exceptions of the last attempts, neither wrapped nor taken apart.",
        texts=texts,
        expected=", ".join(show(error) for error in expected),
    )
    expect(
        all(one is other for one, other in zip(seen, expected, strict=True)),
        "{why}, in this order of the mapping, but the group holds {texts}.",
        why=Message(why),
        look="The services fail in an order of their own; go through the mapping to collect what became of them.",
        texts=texts,
    )
    expect(
        isinstance(call.error, ExceptionGroup),
        "{why}: what left is a BaseExceptionGroup, which `except Exception` does not catch.",
        why=Message(why),
        look="BaseExceptionGroup(...) makes an ExceptionGroup by itself where all it holds are Exceptions.",
    )


@pytest.mark.task(3)
async def test_an_own_cancellation_is_a_failure(lab: Lab) -> None:
    """supervise: a service that ends by CancelledError, although nobody has cancelled supervise, has failed."""

    async def gone() -> None:
        future: asyncio.Future[None] = lab.loop.create_future()
        future.cancel()
        await future

    other = LookupError("d")
    service, services = serving(
        lab, {"a": [(1, asyncio.CancelledError())], "b": [(8, "B")], "c": [(2, None)], "d": [(4, other)]}
    )

    async def cancelled() -> None:
        await service("c")
        await gone()

    services["c"] = cancelled
    reports = Reports(lab)
    call = lab.call(kata.supervise, services, reports)
    await call
    if isinstance(call.error, NotImplementedError):
        call.raise_crash()
    span = next((span for span in service.spans if span.label == "service b"), None)
    expect(
        not isinstance(call.error, asyncio.CancelledError),
        "'a' ended by CancelledError at t=1 although nobody was cancelled, and CancelledError left supervise.",
        look="A CancelledError may be the service's own or meant for you. Who was cancelled: your caller, or nobody?",
        mark=Mark(1, "'a' ends by CancelledError"),
    )
    expect(
        span is not None and span.how == "returned",
        "'a' ended by CancelledError at t=1, and 'b' was stopped.",
        look="Such a service has failed, like any other. That stops nobody.",
    )
    expect(
        reports.names == ["a", "c", "d"],
        "'a' and 'c' ended by CancelledError, 'd' by LookupError; the failures reported are those of {names}.",
        look="CancelledError is no Exception, and a task that ends by it counts as cancelled. It is a failure here.",
        names=show(reports.names),
    )
    kinds = [type(args[1]) for args in reports.args if len(args) == 2]
    expect(
        kinds == [asyncio.CancelledError, asyncio.CancelledError, LookupError],
        "'a' and 'c' ended by CancelledError, but what was reported is {seen}.",
        look="Report the exception that ended the attempt.",
        seen=show([args[1:] for args in reports.args]),
    )
    group = members(call)
    expect(
        [type(error) for error in group] == [asyncio.CancelledError, asyncio.CancelledError, LookupError],
        "'a' and 'c' ended by CancelledError, then 'd' failed: {call} {happened}{members}; "
        "expected a BaseExceptionGroup of these three.",
        look="An ExceptionGroup cannot hold CancelledError; BaseExceptionGroup picks the right class by itself.",
        call=call.name,
        happened=call.happened,
        members=Message(" with {group}", {"group": show(group)}) if group else "",
    )
    service, services = serving(lab, {"a": [(1, asyncio.CancelledError()), (1, "A")], "b": [(4, "B")]})
    call = await lab.call(kata.supervise, services, Reports(lab), retries=1)
    expect(
        attempts(service, "a") == 2,
        "retries=1, and the first attempt of 'a' ended by CancelledError: there were {count} attempts.",
        look="It has failed like any other, so it has another attempt like any other.",
        count=attempts(service, "a"),
    )
    call.expect_value({"a": "A", "b": "B"}, "supervise returned {actual}, expected {expected}.")
    await expect_an_earlier_cancellation_to_be_over(lab)


async def expect_an_earlier_cancellation_to_be_over(lab: Lab) -> None:
    """Expect failures to count also in a task that was cancelled before it called supervise."""
    _, services = serving(lab, {"a": [(1, asyncio.CancelledError()), (1, "A")], "b": [(2, LookupError("b")), (1, "B")]})
    reports = Reports(lab)

    async def shut_down() -> Any:
        try:
            await lab.pause(8)
        except asyncio.CancelledError:
            return await kata.supervise(services, reports, retries=1)

    call = lab.call(shut_down)
    await lab.pause(1)
    call.cancel()
    await call
    expect(
        reports.names == ["a", "b"],
        "A task was cancelled, and called supervise in its `except` for that. One attempt of 'a' ended by "
        "CancelledError, one of 'b' by LookupError; the failures reported are those of {names}.",
        look="cancelling() also counts what came before supervise was called. Is it more now than it was then?",
        names=show(reports.names),
    )
    call.expect_value(
        {"a": "A", "b": "B"},
        "A task was cancelled, and called supervise in its `except` for that: it got {actual}, expected {expected}.",
        look="What came before supervise was called is no cancellation of supervise.",
    )


@pytest.mark.task(3)
async def test_cancelling_supervise(lab: Lab) -> None:
    """supervise: cancelled, it cancels its services and waits for their cleanup; nothing more is reported or tried."""
    down = OSError("down")
    service, services = serving(
        lab,
        {"a": [(24, "A")], "b": [(24, "B")], "c": [(0.5, "C")], "d": [(1, down)], "e": [(3, down), (24, "E")]},
        cleanup={"a": 1, "b": 4, "e": 2},
    )
    reports = Reports(lab)
    call = lab.call(kata.supervise, services, reports, retries=1)
    await lab.pause(4)
    before = len(reports.args)
    call.cancel()
    await call
    await lab.pause(32)
    if isinstance(call.error, NotImplementedError):
        call.raise_crash()
    cut = [span for span in service.spans if span.end is None or span.end > 4]
    late = [span for span in cut if span.start >= 4]
    expect(
        not late,
        "supervise was cancelled at t=4, and then another attempt was started: {label}.",
        look="A service that ends because you cancelled it has not failed. Tell its end from a failure.",
        mark=Mark(4, "supervise is cancelled"),
        label=late[0].label if late else "",
    )
    uncancelled = [span.label for span in cut if not span.cancels]
    expect(
        not uncancelled,
        "supervise was cancelled at t=4, but {label} was not.",
        look="What runs in a task of its own is not cancelled with the caller. wait() leaves its tasks alone, too.",
        mark=Mark(4, "supervise is cancelled"),
        label=uncancelled[0] if uncancelled else "",
    )
    twice = [span for span in cut if span.cancels > 1]
    expect(
        not twice,
        "{label} was cancelled {cancels} times; the second one interrupted its cleanup.",
        look="Cancel each service once, then wait.",
        label=twice[0].label if twice else "",
        cancels=twice[0].cancels if twice else 0,
    )
    left = [span.label for span in cut if span.end is None or span.end > (call.ended or 0.0)]
    expect(
        not left,
        "supervise was cancelled and ended at t={ended}, while {label} was still cleaning up.",
        look="cancel() only asks. Wait until the cancelled ones have ended, then let CancelledError out.",
        mark=Mark(call.ended or 0.0, "supervise ends"),
        ended=call.ended,
        label=left[0] if left else "",
    )
    reported = [show(name) for name in reports.names[before:]]
    expect(
        not reported,
        "supervise was cancelled at t=4, and then failures of {names} were reported.",
        look="A service that ends because you cancelled it has not failed. Tell its end from a failure.",
        mark=Mark(4, "supervise is cancelled"),
        names=", ".join(dict.fromkeys(reported)),
    )
    expect_cancelled(call)
    expect(
        call.ended == 8,
        "supervise was cancelled at t=4 and the last cleanup ended at t=8, but the call ended at t={ended}.",
        look="When the cleanup is over there is nothing left to wait for.",
        mark=call.end(due=8),
        ended=call.ended,
    )
    await expect_no_deadline_for_cleanup(lab)
    await expect_cancelled_with_the_last_service(lab)


async def expect_no_deadline_for_cleanup(lab: Lab) -> None:
    """Expect a cleanup of ten minutes to be waited for."""
    service, services = serving(lab, {"a": [(8, "A")]}, cleanup={"a": 600})
    call = lab.call(kata.supervise, services, Reports(lab))
    await lab.pause(1)
    cancelled = lab.now
    call.cancel()
    await call
    left = [span.label for span in service.spans if not span.over]
    expect(
        not left,
        "supervise was cancelled and ended {seconds} s later, while {label}, whose cleanup takes 600 s, "
        "was still cleaning up.",
        look="How long a cleanup may take is not yours to say: wait until it is over, without a limit of your own.",
        mark=Mark(call.ended or 0.0, "supervise ends"),
        seconds=(call.ended or 0.0) - cancelled,
        label=left[0] if left else "",
    )


async def expect_cancelled_with_the_last_service(lab: Lab) -> None:
    """Expect a cancellation to count also in the very turn in which the last service ends."""
    gate = lab.gate()

    async def last() -> str:
        await gate
        return "A"

    call = lab.call(kata.supervise, {"a": last}, Reports(lab))
    await lab.pause(1)
    gate.open()
    call.cancel()
    await call
    call.expect_error(
        asyncio.CancelledError,
        "supervise was cancelled in the very turn in which its last service ended, and it {happened}: "
        "the cancellation is lost.",
        look="Whoever cancels you wants to see CancelledError, also where there is nothing left to cancel.",
    )


def expect_cancelled(call: Call) -> None:
    """Expect the call to have ended by CancelledError."""
    __tracebackhide__ = True
    call.expect_error(
        asyncio.CancelledError,
        "supervise was cancelled, but it {happened}.",
        look="Whoever cancels you wants to see CancelledError, whatever became of the services before or after that.",
    )


@pytest.mark.task(3)
async def test_cleanup_that_raises(lab: Lab) -> None:
    """supervise: when it is cancelled, an exception out of a service's cleanup is dropped: not reported, not logged."""

    async def careless(name: str) -> None:
        try:
            await lab.pause(24)
        finally:
            await lab.pause(1)
            raise LookupError("while cleaning up")

    probe = lab.probe(careless, name="service")
    service, services = serving(lab, {"b": [(24, "B")]}, cleanup={"b": 4})
    everybody: dict[str, Service] = {"a": functools.partial(probe, "a"), **services, "c": functools.partial(probe, "c")}
    reports = Reports(lab)
    call = lab.call(kata.supervise, everybody, reports, retries=2)
    await lab.pause(2)
    call.cancel()
    await call
    await lab.pause(32)
    if isinstance(call.error, NotImplementedError):
        call.raise_crash()
    expect(
        not reports.args,
        "supervise was cancelled, services raised while they cleaned up, and failures of {names} were reported.",
        look="From the moment you are cancelled nothing is reported, whichever exception it is.",
        names=", ".join(dict.fromkeys(show(name) for name in reports.names)),
    )
    expect(
        probe.started + service.started == 3,
        "supervise was cancelled, a service raised while it cleaned up, and another attempt of it was started.",
        look="Who is cleaning up has been told to stop. Whatever comes out of it, it is not tried again.",
    )
    expect_cancelled(call)
    expect(
        call.ended == 6,
        "supervise was cancelled at t=2, and the last cleanup ended at t=6, but the call ended at t={ended}.",
        look="A cleanup that raises must not end the waiting for the other ones.",
        mark=call.end(due=6),
        ended=call.ended,
    )
    expect_quiet(lab, Message("supervise was cancelled, a service raised while it cleaned up"))
