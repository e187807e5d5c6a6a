"""Held-back checks of kata 10: the same contract on inputs that derive from a secret seed."""

import asyncio
import random
from collections.abc import Sequence

import gather_vs_wait as kata
import pytest

from asyncio_katas.lab import Lab, Probe, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def worker(lab: Lab, plan: Sequence[tuple[float, object]], cleanup: list[float] | None = None) -> Probe[[int], object]:
    """Return an async function that does what the plan says of its number."""

    async def work(number: int) -> object:
        seconds, result = plan[number]
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(work, cleanup=(cleanup or [0.0] * len(plan)).__getitem__)


def moments(rng: random.Random, count: int) -> list[float]:
    """Return so many different moments."""
    return [number / 4 for number in rng.sample(range(4, 200), k=count)]


@pytest.mark.task(1)
async def test_outcomes_of_any_kind(lab: Lab) -> None:
    """outcomes: any mixture of values and exceptions, in the order given, as soon as the last is there."""
    rng = chance("outcomes")
    for _ in range(3):
        results = [rng.choice([None, 0, "", [1], KeyError("x"), OSError(number)]) for number in range(9)]
        plan = list(zip(moments(rng, 9), results, strict=True))
        work, began = worker(lab, plan), lab.now
        call = await lab.call(kata.outcomes, (work(number) for number in range(9)))
        call.expect_value([("err", r) if isinstance(r, BaseException) else ("ok", r) for r in results])
        expect_same(call.ended, began + max(seconds for seconds, _ in plan), "t={actual}, due {expected}.")


@pytest.mark.task(1)
async def test_one_cancelled_by_somebody_else(lab: Lab) -> None:
    """outcomes: whichever task somebody else cancels, its CancelledError is its outcome, and the others go on."""
    rng = chance("cancelled")
    count = rng.randrange(3, 8)
    victim = rng.randrange(count)
    work = worker(lab, [(8.0, number) for number in range(count)])
    tasks = [lab.loop.create_task(work(number)) for number in range(count)]
    call = lab.call(kata.outcomes, tasks)
    await lab.pause(rng.randrange(1, 28) / 4)
    tasks[victim].cancel()
    await call
    call.raise_crash()
    seen = [kind if kind == "ok" else type(value) for kind, value in call.value]
    expected: list[object] = ["ok"] * count
    expected[victim] = asyncio.CancelledError
    expect(seen == expected, "The outcomes were {seen}.", seen=str(seen))


@pytest.mark.task(2)
async def test_the_first_success_wins(lab: Lab) -> None:
    """first_success: the earliest success wins, whatever failed before it; the others are cancelled and cleaned up."""
    rng = chance("first")
    for _ in range(5):
        count = rng.randrange(2, 9)
        good = set(rng.sample(range(count), k=rng.randrange(1, count + 1)))
        values = [rng.choice([None, 0, "", "value"]) if n in good else ValueError(n) for n in range(count)]
        plan = list(zip(moments(rng, count), values, strict=True))
        cleanup = [rng.randrange(0, 12) / 4 for _ in plan]
        winner = min(good, key=lambda n: plan[n][0])
        work, began = worker(lab, plan, cleanup), lab.now
        call = await lab.call(kata.first_success, [work(number) for number in range(count)])
        call.expect_value(values[winner])
        running = [cleanup[n] for n in range(count) if plan[n][0] > plan[winner][0]]
        due = began + plan[winner][0] + max(running, default=0.0)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_when_nobody_succeeds(lab: Lab) -> None:
    """first_success: if all fail, the group holds every exception in the order given."""
    rng = chance("nobody")
    failures = [rng.choice([OSError, KeyError, TimeoutError])(number) for number in range(rng.randrange(1, 9))]
    work = worker(lab, list(zip(moments(rng, len(failures)), failures, strict=True)))
    call = await lab.call(kata.first_success, [work(number) for number in range(len(failures))])
    call.expect_error(ExceptionGroup)
    inside = call.error.exceptions if isinstance(call.error, ExceptionGroup) else ()
    expect(len(inside) == len(failures), "The group holds {count} exceptions.", count=len(inside))
    expect(all(a is b for a, b in zip(inside, failures, strict=True)), "They are in another order.")


@pytest.mark.task(3)
async def test_cancelled_at_any_moment(lab: Lab) -> None:
    """Both: cancelled at any moment, they cancel whatever runs and wait for every cleanup."""
    rng = chance("cancel")
    for function in (kata.outcomes, kata.first_success):
        count = rng.randrange(2, 8)
        cleanup = [rng.randrange(1, 20) / 4 for _ in range(count)]
        work, began = worker(lab, [(99.0, None)] * count, cleanup), lab.now
        call = lab.call(function, [work(number) for number in range(count)])
        moment = rng.randrange(1, 40) / 4
        await lab.pause(moment)
        call.cancel()
        await call
        call.expect_error(asyncio.CancelledError)
        expect(all(span.over for span in work.spans), "Some were still cleaning up when the call ended.")
        expect_same(call.ended, began + moment + max(cleanup), "It ended at t={actual}, not at t={expected}.")
