"""Held-back checks of kata 08: the same contract on inputs that derive from a secret seed."""

import asyncio
import random
from datetime import datetime
from typing import Any

import nonblocking_sleep as kata
import pytest

from asyncio_katas.lab import Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


@pytest.fixture(autouse=True)
def no_asyncio_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make asyncio.sleep raise, under whatever name it was imported."""

    async def refuse(delay: float, result: Any = None) -> Any:
        raise RuntimeError("asyncio.sleep() is what you build in this kata; use timers and futures of the loop")

    monkeypatch.setattr(asyncio.sleep, "__code__", refuse.__code__)


@pytest.mark.task(1)
async def test_many_sleepers(lab: Lab) -> None:
    """sleep: any number of sleepers wake exactly when they are due, each with its result, at one timer each."""
    rng = chance("many")
    delays = [rng.randrange(1, 400) / 8 for _ in range(rng.randrange(10, 60))]
    before = lab.timers_set
    calls = [lab.call(kata.sleep, delay, number) for number, delay in enumerate(delays)]
    for call in calls:
        await call
    for number, (call, delay) in enumerate(zip(calls, delays, strict=True)):
        call.expect_value(number)
        expect_same(call.ended, delay, "It woke at t={actual}, not at t={expected}.")
    expect(lab.timers_set - before <= len(delays), "{count} timers were set.", count=lab.timers_set - before)


@pytest.mark.task(1)
async def test_cancelled_at_any_moment(lab: Lab) -> None:
    """sleep: cancelled at any moment, it ends by CancelledError at once and leaves no timer."""
    rng = chance("cancel")
    for _ in range(4):
        call, began, moment = lab.call(kata.sleep, 64.0), lab.now, rng.randrange(1, 200) / 8
        await lab.pause(moment)
        call.cancel()
        await call
        call.expect_error(asyncio.CancelledError)
        expect_same(call.ended, began + moment, "It ended at t={actual}, not at t={expected}.")
        expect(lab.timers == 0, "{count} timers were left.", count=lab.timers)


@pytest.mark.task(1)
async def test_no_time_but_a_turn(lab: Lab) -> None:
    """sleep: any delay of 0 or less takes no time, and gives everybody who is ready a turn."""
    rng = chance("turn")
    seen: list[int] = []

    async def other(number: int) -> None:
        seen.append(number)

    async def sleeper() -> int:
        await kata.sleep(rng.choice([0, 0.0, -1, -rng.random() * 1000]))
        return len(seen)

    call = lab.call(sleeper)
    others = [lab.call(other, number) for number in range(rng.randrange(2, 9))]
    await call
    for one in others:
        await one
    call.expect_value(len(others))
    expect_same(call.ended, 0.0, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_any_rhythm(lab: Lab) -> None:
    """every: with calls of any length each begins when it is due, or as soon as the one before has ended."""
    rng = chance("rhythm")
    for _ in range(4):
        interval, times = rng.randrange(1, 16) / 4, rng.randrange(1, 12)
        lengths = [rng.randrange(0, 32) / 4 for _ in range(times)]
        upcoming = iter(lengths)

        async def work() -> None:
            await lab.pause(next(upcoming))

        probe, began = lab.probe(work), lab.now
        call = await lab.call(kata.every, interval, probe, times=times)
        call.raise_crash()
        due, end = [], began
        for number, length in enumerate(lengths):
            due.append(max(began + number * interval, end))
            end = due[-1] + length
        expect_same([span.start for span in probe.spans], due, "They began at {actual}, not at {expected}.")
        expect_same(call.ended, end, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_a_naive_moment_is_refused(lab: Lab) -> None:
    """sleep_until: any naive moment, past or to come, is a ValueError at once."""
    rng = chance("naive")
    for year in (rng.randrange(1990, 2020), rng.randrange(2100, 2200)):
        call = await lab.call(kata.sleep_until, datetime(year, rng.randrange(1, 13), 1))  # noqa: DTZ001 - the point
        call.expect_error(ValueError)
        expect_same(call.ended, 0.0, "It ended at t={actual}, not at t={expected}.")
