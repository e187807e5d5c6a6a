"""Held-back checks of kata 13: the same contract on inputs that derive from a secret seed."""

import contextvars
import operator
import random

import pytest
import sync_bridge as kata

from asyncio_katas.lab import Lab, expect, expect_same

pytestmark = pytest.mark.timeout(60)
WHO: contextvars.ContextVar[int] = contextvars.ContextVar("WHO")

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


@pytest.mark.task(1)
async def test_offload_any_function(lab: Lab) -> None:
    """offload: any value and any exception of any function come back, from another thread."""
    rng = chance("offload")
    for value in (None, rng.random(), [rng.randrange(9)], KeyError(rng.random()), OSError(rng.random())):
        here: list[bool] = []

        def work(*args: object) -> object:
            here.append(lab.on_loop_thread())
            if isinstance(args[-1], Exception):
                raise args[-1]
            return args

        args = (*rng.choices(range(100), k=rng.randrange(0, 5)), value)
        call = await lab.call(kata.offload, work, *args)
        if isinstance(value, Exception):
            call.expect_error(value)
        else:
            call.raise_crash()
            expect(len(call.value) == len(args) and call.value[-1] is value, "Other arguments came.")
        expect_same(here, [False], "On the loop's own thread: {actual}.")


@pytest.mark.task(2)
async def test_any_number_of_jobs(lab: Lab) -> None:
    """in_thread: any number of jobs get their arguments, and give each caller its own value."""
    rng = chance("jobs")

    def work(left: int, /, *, right: int) -> int:
        return left * right

    pairs = [(rng.randrange(1000), rng.randrange(1000)) for _ in range(rng.randrange(5, 40))]
    async with kata.Offload(threads=rng.randrange(1, 5), processes=1) as bridge:
        calls = [lab.call(bridge.in_thread, work, left, right=right) for left, right in pairs]
        for call, (left, right) in zip(calls, pairs, strict=True):
            await call
            call.expect_value(left * right)


@pytest.mark.task(2)
async def test_never_more_than_allowed(lab: Lab) -> None:
    """in_thread: with any number of threads, that many jobs run at once, and no more."""
    rng = chance("allowed")
    threads = rng.randrange(1, 6)
    gate = lab.thread_gate()
    started: list[int] = []

    def hold(number: int) -> int:
        started.append(number)
        gate.wait()
        return number

    async with kata.Offload(threads=threads, processes=1) as bridge:
        calls = [lab.call(bridge.in_thread, hold, number) for number in range(threads + rng.randrange(1, 5))]
        await lab.until(lambda: len(started) >= threads)
        await lab.rest()
        running = len(started)
        gate.open()
        for call in calls:
            await call
    expect_same(running, threads, "{actual} jobs ran at once, not {expected}.")
    for number, call in enumerate(calls):
        call.expect_value(number)


@pytest.mark.task(2)
async def test_each_caller_has_its_own_context(lab: Lab) -> None:
    """in_thread: each function sees the context variables of its own caller."""
    rng = chance("context")
    numbers = rng.sample(range(10**6), k=8)
    async with kata.Offload(threads=2, processes=1) as bridge:

        async def ask(number: int) -> int:
            WHO.set(number)
            return await bridge.in_thread(WHO.get)

        calls = [lab.call(ask, number) for number in numbers]
        for call, number in zip(calls, numbers, strict=True):
            await call
            call.expect_value(number)


@pytest.mark.task(3)
async def test_processes_and_the_end(lab: Lab) -> None:
    """in_process: any arguments, by name too, and any exception; after the block both methods refuse."""
    rng = chance("process")
    base, number = rng.randrange(2, 37), rng.randrange(10**6)
    async with kata.Offload(threads=1, processes=1) as bridge:
        power = await lab.call(bridge.in_process, pow, number, base)
        text = await lab.call(bridge.in_process, int, "11", base=base)
        wrong = await lab.call(bridge.in_process, operator.truediv, number, 0)
    power.expect_value(number**base)
    text.expect_value(base + 1)
    wrong.expect_error(ZeroDivisionError)
    for method in (bridge.in_thread, bridge.in_process):
        (await lab.call(method, int, "1")).expect_error(RuntimeError)
