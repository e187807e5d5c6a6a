"""Held-back checks of kata 03: the same contract on inputs that derive from a secret seed."""

import asyncio
import random
import threading

import event_loop as kata
import pytest

from asyncio_katas.lab import Lab, expect, expect_same

pytestmark = pytest.mark.timeout(60)

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


@pytest.mark.task(1)
def test_the_loop_that_runs_here(lab: Lab) -> None:
    """current_loop: at any depth of any loop it is that loop, in threads beside it and afterwards it is None."""
    rng = chance("current")

    async def depth(left: int) -> bool:
        if left:
            return await depth(left - 1)
        beside = await asyncio.to_thread(kata.current_loop)
        return kata.current_loop() is asyncio.get_running_loop() and beside is None

    for _ in range(3):
        expect(asyncio.run(depth(rng.randrange(1, 9))), "It was another loop, or one in a thread that has none.")
        expect(kata.current_loop() is None, "A loop that has ended is still taken for the current one.")


@pytest.mark.task(1)
def test_fresh_loops_leave_nothing(lab: Lab) -> None:
    """run_fresh: gives any value, and by then whatever was left has been cancelled, has cleaned up, and is closed."""
    rng = chance("fresh")
    for value in (None, rng.random(), [rng.randrange(9)]):
        cleaned: list[int] = []
        loops: list[asyncio.AbstractEventLoop] = []
        tasks: list[asyncio.Task[None]] = []
        count = rng.randrange(1, 9)

        async def left(number: int) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await asyncio.sleep(0)
                cleaned.append(number)

        async def main() -> object:
            loops.append(asyncio.get_running_loop())
            tasks.extend(asyncio.create_task(left(number)) for number in range(count))
            for _ in range(3):
                await asyncio.sleep(0)
            return value

        call = lab.attempt(kata.run_fresh, main)
        call.raise_crash()
        expect(call.value is value, "It returned another value.")
        expect_same(sorted(cleaned), [*range(count)], "{actual} had cleaned up, not {expected}.")
        expect(loops[0].is_closed(), "The loop is still open.")


@pytest.mark.task(1)
def test_fresh_loops_raise_what_was_raised(lab: Lab) -> None:
    """run_fresh: any exception leaves as it is, and the next run has another loop."""
    rng = chance("raises")
    loops: list[asyncio.AbstractEventLoop] = []
    for kind in rng.sample([KeyError, OSError, TimeoutError, RuntimeError], k=3):
        failure = kind(rng.random())

        async def main() -> None:
            loops.append(asyncio.get_running_loop())
            raise failure

        lab.attempt(kata.run_fresh, main).expect_error(failure)
    expect(len({id(loop) for loop in loops}) == 3 and all(loop.is_closed() for loop in loops), "A loop was used again.")


@pytest.mark.task(2)
def test_any_number_of_callers(lab: Lab) -> None:
    """BackgroundLoop.run: any number of threads get each its own value, from one loop."""
    rng = chance("callers")
    loops: set[int] = set()
    numbers = rng.sample(range(10**6), k=rng.randrange(3, 9))

    async def work(number: int) -> int:
        for _ in range(number % 5):
            await asyncio.sleep(0)
        loops.add(id(asyncio.get_running_loop()))
        return -number

    with kata.BackgroundLoop() as loop:
        calls = [lab.in_thread(lambda number=number: loop.run(work(number))) for number in numbers]
        for call, number in zip(calls, numbers, strict=True):
            call.join().expect_value(-number)
    expect(len(loops) == 1, "{count} loops were used.", count=len(loops))


@pytest.mark.task(3)
def test_closed_with_anything_left(lab: Lab) -> None:
    """BackgroundLoop.close: any number of tasks that are left clean up first; afterwards run refuses."""
    rng = chance("close")
    count = rng.randrange(1, 9)
    cleaned: list[int] = []
    threads: list[threading.Thread] = []
    kept: list[asyncio.Task[None]] = []

    async def left(number: int) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            for _ in range(number):
                await asyncio.sleep(0)
            cleaned.append(number)

    async def start() -> None:
        threads.append(threading.current_thread())
        kept.extend(asyncio.create_task(left(number)) for number in range(count))
        await asyncio.sleep(0)

    async def late() -> None:
        cleaned.append(-1)

    with kata.BackgroundLoop() as loop:
        lab.in_thread(lambda: loop.run(start())).join().raise_crash()
    expect_same(sorted(cleaned), [*range(count)], "{actual} had cleaned up, not {expected}.")
    expect(not threads[0].is_alive(), "Its thread still runs.")
    lab.attempt(loop.run, late()).expect_error(RuntimeError)
    lab.attempt(loop.close).expect_value(None)
