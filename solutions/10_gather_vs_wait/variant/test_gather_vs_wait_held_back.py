"""Held-back checks of kata 10, task 3 as it is in variant b: work that has begun is finished, at any moment."""

import asyncio
import random
from collections.abc import Callable, Sequence
from operator import itemgetter

import gather_vs_wait as kata
import pytest

from asyncio_katas.lab import Call, Lab, Probe, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def worker(lab: Lab, plan: Sequence[tuple[float, object]], cleanup: Sequence[float]) -> Probe[[int], object]:
    """Return an async function that does what the plan says of its number."""

    async def work(number: int) -> object:
        seconds, result = plan[number]
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(work, cleanup=cleanup.__getitem__)


def moments(rng: random.Random, count: int, first: int = 4) -> list[float]:
    """Return so many different moments, in quarters of a second."""
    return [number / 4 for number in rng.sample(range(first, first + 160), k=count)]


def between(rng: random.Random, first: float, last: float) -> float:
    """Return a moment between two, and between the quarters, so that nothing else happens then."""
    return rng.randrange(int(first * 4), int(last * 4)) / 4 + 1 / 8


async def cancelled_at(
    lab: Lab, call: Call, times: Sequence[float], others: Sequence[tuple[float, asyncio.Task[object]]] = ()
) -> None:
    """Cancel the caller, and some others, at these moments after the call, and wait for the end."""
    cancels: list[tuple[float, Callable[[], object]]] = [(moment, call.cancel) for moment in times]
    for moment, cancel in sorted([*cancels, *((moment, task.cancel) for moment, task in others)], key=itemgetter(0)):
        await lab.pause(call.began + moment - lab.now)
        cancel()
    await call
    # In the first releases of 3.14 a cancelled shield() lets the loop complain of a later exception of what stands
    # behind it, also where somebody looks at that.
    reports = lab.loop.complaints
    reports[:] = [report for report in reports if "in shielded future" not in str(report.get("message"))]


@pytest.mark.task(3)
async def test_one_cancellation_at_any_moment(lab: Lab) -> None:
    """Both: cancelled once, at any moment, they cancel nobody and end with the last child, whatever becomes of one."""
    rng = chance("once")
    for function in (kata.outcomes, kata.first_success) * 2:
        count = rng.randrange(3, 9)
        # Failures before the cancellation end no race; whatever comes after it ends nothing either.
        ends = sorted(moments(rng, count))
        moment = between(rng, 0, ends[-1])
        results = [
            rng.choice([None, 0, "value"]) if end > moment and rng.random() < 0.6 else ValueError(number)
            for number, end in enumerate(ends)
        ]
        work = worker(lab, list(zip(ends, results, strict=True)), [0.25] * count)
        tasks = [lab.loop.create_task(work(number)) for number in range(count)]
        # Somebody else cancels one of them, before or after; not the last, so that the call lasts until then.
        victim = rng.randrange(count - 1)
        withdraws = between(rng, 0, ends[victim]) - 1 / 16
        call = lab.call(function, rng.sample(tasks, k=count))
        await cancelled_at(lab, call, [moment], [(withdraws, tasks[victim])])
        expect_same([span.cancels for span in work.spans], [int(number == victim) for number in range(count)],
                    "They were cancelled {actual} times, not {expected}.")  # fmt: skip
        call.expect_error(asyncio.CancelledError)
        expect_same(call.ended, call.began + ends[-1], "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_more_cancellations_at_any_moment(lab: Lab) -> None:
    """Both: the second cancellation cancels whoever still runs, and however many follow, nobody is cancelled twice."""
    rng = chance("again")
    for function in (kata.outcomes, kata.first_success) * 2:
        count = rng.randrange(3, 9)
        ends = sorted(moments(rng, count, first=12))
        first = between(rng, 0, 3)
        second = between(rng, first, ends[-1])
        plan = [(end, rng.choice([None, number, OSError(number)])) for number, end in enumerate(ends)]
        cleanup = [rng.randrange(8, 32) / 4 for _ in plan]
        later = sorted(second + number / 4 for number in rng.sample(range(1, 8), k=rng.randrange(1, 5)))
        work = worker(lab, plan, cleanup)
        call = lab.call(function, [work(number) for number in range(count)])
        await cancelled_at(lab, call, [first, second, *later])
        running = [number for number, end in enumerate(ends) if end > second]
        expect_same([span.cancels for span in work.spans], [int(end > second) for end in ends],
                    "They were cancelled {actual} times, not {expected}.")  # fmt: skip
        call.expect_error(asyncio.CancelledError)
        due = call.began + second + max(cleanup[number] for number in running)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_cancelled_while_the_losers_clean_up(lab: Lab) -> None:
    """first_success: cancelled at any moment after its winner, it waits for the losers and drops the winner's value."""
    rng = chance("losers")
    for _ in range(3):
        count = rng.randrange(3, 9)
        ends = moments(rng, count)
        winner = ends.index(min(ends))
        plan: list[tuple[float, object]] = [(end, number) for number, end in enumerate(ends)]
        cleanup = [rng.randrange(8, 32) / 4 for _ in plan]
        times = sorted(ends[winner] + number / 8 for number in rng.sample(range(1, 16, 2), k=rng.randrange(1, 4)))
        work = worker(lab, plan, cleanup)
        call = lab.call(kata.first_success, [work(number) for number in range(count)])
        await cancelled_at(lab, call, times)
        expect_same([span.cancels for span in work.spans], [int(number != winner) for number in range(count)],
                    "They were cancelled {actual} times, not {expected}.")  # fmt: skip
        call.expect_error(asyncio.CancelledError)
        due = call.began + ends[winner] + max(cleanup[number] for number in range(count) if number != winner)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_any_number_withdraws(lab: Lab) -> None:
    """first_success: whoever somebody else cancels has neither won nor failed, and the others decide."""
    rng = chance("withdrawn")
    for succeeds, leaves_some in ((True, True), (False, True), (False, False)):
        count = rng.randrange(4, 9)
        withdrawn = rng.sample(range(count), k=rng.randrange(1, count - 1) if leaves_some else count)
        left = [number for number in range(count) if number not in withdrawn]
        winner = rng.choice(left) if succeeds else None
        ends = sorted(moments(rng, count, first=12))
        rng.shuffle(ends)
        failures = [OSError(number) for number in range(count)]
        plan = [(end, 0 if number == winner else failures[number]) for number, end in enumerate(ends)]
        work = worker(lab, plan, [0.0] * count)
        tasks = [lab.loop.create_task(work(number)) for number in range(count)]
        call = lab.call(kata.first_success, tasks)
        for number in withdrawn:
            await lab.pause(1 / 8)
            tasks[number].cancel()
        # Not `await call`: where only values and failures are counted, it may never end.
        await lab.until(lambda: call.over)
        expect(call.over, "It waits for ever.")
        if succeeds:
            call.expect_value(0)
        elif left:
            call.expect_error(ExceptionGroup)
            seen = list(call.error.exceptions) if isinstance(call.error, ExceptionGroup) else []
            expect_same(seen, [failures[number] for number in left], "The group holds {actual}, not {expected}.")
        else:
            call.expect_error(ValueError)
