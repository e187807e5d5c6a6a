"""Held-back checks of kata 05: the same contract on inputs that derive from a secret seed."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import exception_handling as kata
import pytest

from asyncio_katas.lab import Lab, Probe, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


Service = Callable[[], Awaitable[object]]


class Reports:
    """Notes what it is told of."""

    def __init__(self, lab: Lab) -> None:
        self.told: list[tuple[float, str, BaseException]] = []
        self._lab = lab

    def __call__(self, name: str, failure: BaseException) -> None:
        self.told.append((self._lab.now, name, failure))


def serving(
    lab: Lab, plans: dict[str, list[tuple[float, object]]], cleanup: float = 0.0
) -> tuple[Probe[[str], object], dict[str, Service]]:
    """Return services that do, at each attempt, what comes next in their plan."""
    upcoming = {name: iter(plan) for name, plan in plans.items()}

    async def service(name: str) -> object:
        seconds, result = next(upcoming[name])
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    probe = lab.probe(service, cleanup=cleanup)

    def one(name: str) -> Service:
        return lambda: probe(name)

    return probe, {name: one(name) for name in plans}


def names(rng: random.Random, count: int) -> list[str]:
    """Return different names in no order."""
    return [f"s{number}" for number in rng.sample(range(1000), k=count)]


@pytest.mark.task(1)
async def test_only_failures_are_reported(lab: Lab) -> None:
    """report_failure: among any tasks those that fail are reported, once each, and no others."""
    rng = chance("reports")
    reports = Reports(lab)
    expected = []
    tasks = []
    for name in names(rng, 12):
        kind, failure = rng.choice(["returns", "fails", "cancelled"]), LookupError(name)

        async def work(kind: str = kind, failure: Exception = failure) -> None:
            await lab.pause(rng.randrange(1, 9) / 4)
            if kind == "fails":
                raise failure

        task = lab.loop.create_task(work(), name=name)
        kata.report_failure(task, reports)
        tasks.append(task)
        if kind == "cancelled":
            lab.loop.call_later(rng.randrange(0, 3) / 16, task.cancel)
        elif kind == "fails":
            expected.append((name, failure))
    await lab.pause(8)
    told = [(name, failure) for _, name, failure in reports.told]
    expect(len(told) == len(expected), "{count} reports, {due} failures.", count=len(told), due=len(expected))
    expect(all(one in told for one in expected), "Another task was reported.")


@pytest.mark.task(2)
async def test_results_by_name_after_any_retries(lab: Lab) -> None:
    """supervise: services that need any number of further attempts give their results in the order of the mapping."""
    rng = chance("results")
    retries = rng.randrange(1, 5)
    plans: dict[str, list[tuple[float, object]]] = {}
    expected_reports = 0
    ends = [0.0]
    for name in names(rng, 8):
        failures = rng.randrange(0, retries + 1)
        plans[name] = [(rng.randrange(1, 12) / 4, OSError(name, n)) for n in range(failures)]
        plans[name].append((rng.randrange(1, 12) / 4, rng.choice([None, 0, name])))
        expected_reports += failures
        ends.append(sum(seconds for seconds, _ in plans[name]))
    _, services = serving(lab, plans)
    reports = Reports(lab)
    call = await lab.call(kata.supervise, services, reports, retries=retries)
    call.expect_value({name: plan[-1][1] for name, plan in plans.items()})
    expect_same([*call.value], [*plans], "The names came as {actual}, not as {expected}.")
    expect(len(reports.told) == expected_reports, "{count} reports.", count=len(reports.told))
    expect_same(call.ended, max(ends), "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_each_failure_is_reported_when_it_happens(lab: Lab) -> None:
    """supervise: every failed attempt is reported at its moment, with its own exception."""
    rng = chance("moments")
    retries = rng.randrange(0, 4)
    plans: dict[str, list[tuple[float, object]]] = {}
    due = set()
    for index, name in enumerate(names(rng, 5)):
        at = 0.0
        plans[name] = []
        for number in range(retries + 1):
            # Different for every service, so that no two happen at once.
            seconds = rng.randrange(1, 20) + (index + 1) / 64
            failure = ValueError(name, number)
            plans[name].append((seconds, failure))
            at += seconds
            due.add((at, name, failure))
    _, services = serving(lab, plans)
    reports = Reports(lab)
    call = await lab.call(kata.supervise, services, reports, retries=retries)
    call.expect_error(ExceptionGroup)
    expect(set(reports.told) == due, "Other reports, or at other moments, than {count} failures.", count=len(due))


@pytest.mark.task(2)
async def test_the_group_of_those_that_failed_for_good(lab: Lab) -> None:
    """supervise: the group holds the last exception of each service that failed, in the order of the mapping."""
    rng = chance("group")
    retries = rng.randrange(0, 3)
    plans: dict[str, list[tuple[float, object]]] = {}
    expected: list[BaseException] = []
    for name in names(rng, 7):
        fails = not expected or rng.random() < 0.6
        attempts: list[tuple[float, object]] = [
            (rng.randrange(1, 20) / 4, KeyError(name, n)) for n in range(retries + 1)
        ]
        plans[name] = attempts if fails else [(rng.randrange(1, 20) / 4, name)]
        if fails:
            last = attempts[-1][1]
            assert isinstance(last, BaseException)
            expected.append(last)
    _, services = serving(lab, plans)
    call = await lab.call(kata.supervise, services, Reports(lab), retries=retries)
    call.expect_error(ExceptionGroup)
    inside = call.error.exceptions if isinstance(call.error, ExceptionGroup) else ()
    expect(len(inside) == len(expected), "The group holds {count} exceptions.", count=len(inside))
    expect(all(a is b for a, b in zip(inside, expected, strict=True)), "They are others, or in another order.")


@pytest.mark.task(3)
async def test_cancelled_at_any_moment(lab: Lab) -> None:
    """supervise: cancelled at any moment, it waits for every cleanup, and reports nothing from then on."""
    rng = chance("cancel")
    for _ in range(4):
        cleanup, moment = rng.randrange(1, 16) / 4, rng.randrange(1, 40) / 4
        service, services = serving(lab, {name: [(64.0, name)] for name in names(rng, 5)}, cleanup)
        reports, began = Reports(lab), lab.now
        call = lab.call(kata.supervise, services, reports, retries=3)
        await lab.pause(moment)
        call.cancel()
        await call
        call.expect_error(asyncio.CancelledError)
        expect(not reports.told, "{count} were reported.", count=len(reports.told))
        expect(service.started == 5, "{count} attempts instead of 5.", count=service.started)
        expect_same(call.ended, began + moment + cleanup, "It ended at t={actual}, not at t={expected}.")
