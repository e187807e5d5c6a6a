"""Held-back checks of kata 04: the same contract on inputs that derive from a secret seed."""

import asyncio
import random

import pytest
import tasks_and_futures as kata

from asyncio_katas.lab import Call, Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def waiter(lab: Lab, promise: "kata.Promise[object]") -> Call:
    """Start a task that waits for a promise."""

    async def wait() -> object:
        return await promise

    return lab.call(wait)


@pytest.mark.task(1)
async def test_counts_those_that_run(lab: Lab) -> None:
    """Background: at every moment it counts those that run, however they end."""
    rng = chance("count")
    background = kata.Background()
    ends = [rng.randrange(1, 60) / 4 for _ in range(rng.randrange(5, 20))]

    async def work(seconds: float, fails: bool) -> None:
        await lab.pause(seconds)
        if fails:
            raise LookupError(seconds)

    tasks = [background.start(work(seconds, rng.random() < 0.3)) for seconds in ends]
    await lab.pause(1 / 8)
    for moment in range(1, 61, 7):
        await lab.pause(moment / 4 + 1 / 8 - lab.now)
        expect_same(len(background), sum(end > lab.now for end in ends), "It counts {actual}, not {expected}.")
    await background.drain()
    for task in tasks:
        task.exception()


@pytest.mark.task(1)
async def test_drain_waits_for_the_last(lab: Lab) -> None:
    """drain: returns when the last has ended, those included that were started by others meanwhile."""
    rng = chance("drain")
    background = kata.Background()
    pauses = [rng.randrange(1, 12) / 4 for _ in range(rng.randrange(2, 9))]

    async def chain(left: list[float]) -> None:
        await lab.pause(left[0])
        if left[1:]:
            background.start(chain(left[1:]))

    background.start(chain(pauses))
    background.start(chain(pauses[:1]))
    call = await lab.call(background.drain)
    call.raise_crash()
    expect_same(call.ended, sum(pauses), "It returned at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_everybody_gets_the_value(lab: Lab) -> None:
    """Promise: any number of tasks wait for any value; one that is cancelled takes nothing from the others."""
    rng = chance("value")
    for value in (rng.choice([None, 0, ""]), rng.randrange(10**9), [rng.random()]):
        promise: kata.Promise[object] = kata.Promise()
        waiters = [waiter(lab, promise) for _ in range(rng.randrange(2, 12))]
        victim = rng.choice(waiters)
        await lab.pause(1)
        victim.cancel()
        await lab.pause(rng.randrange(0, 8) / 4)
        expect(not promise.done(), "Cancelling a waiter has finished the promise.")
        promise.set_result(value)
        for one in waiters:
            await one
            if one is victim:
                one.expect_error(asyncio.CancelledError)
            else:
                one.raise_crash()
                expect(one.value is value, "A waiter got another value.")
        late = await waiter(lab, promise)
        expect(late.value is value and promise.result() is value, "Later it gave another value.")


@pytest.mark.task(2)
async def test_finished_is_finished(lab: Lab) -> None:
    """Promise: finished in one way, it can be finished in no other, and goes on giving the same."""
    rng = chance("finished")
    failure = rng.choice([KeyError, OSError, ValueError])(rng.random())
    promise: kata.Promise[object] = kata.Promise()
    lab.attempt(promise.result).expect_error(asyncio.InvalidStateError)
    waiters = [waiter(lab, promise) for _ in range(rng.randrange(1, 6))]
    await lab.pause(1)
    promise.set_exception(failure)
    lab.attempt(promise.set_result, 1).expect_error(asyncio.InvalidStateError)
    lab.attempt(promise.set_exception, KeyError()).expect_error(asyncio.InvalidStateError)
    for one in [*waiters, waiter(lab, promise)]:
        await one
        one.expect_error(failure)
    lab.attempt(promise.result).expect_error(failure)


@pytest.mark.task(3)
async def test_callbacks_before_and_after(lab: Lab) -> None:
    """add_done_callback: any number of callbacks, added before and after, are called once each, by the loop."""
    rng = chance("callbacks")
    promise: kata.Promise[object] = kata.Promise()
    told: list[tuple[int, bool]] = []
    count, early = rng.randrange(3, 12), rng.randrange(1, 3)

    def note(number: int) -> None:
        promise.add_done_callback(lambda given: told.append((number, given is promise)))

    for number in range(early):
        note(number)
    await lab.turns(3)
    expect(not told, "A callback came before the promise was finished.")
    promise.set_result(rng.random())
    for number in range(early, count):
        note(number)
    expect(not told, "A callback was called by whoever finished the promise, not by the loop.")
    await lab.turns(8)
    expect(sorted(told) == [(n, True) for n in range(count)], "{count} calls came.", count=len(told))
