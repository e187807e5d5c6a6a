"""Held-back checks of kata 01: the same contract on inputs that derive from a secret seed."""

import asyncio
import random
import string
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import concurrency_models as kata
import pytest

from asyncio_katas.lab import Lab, expect, expect_same

pytestmark = pytest.mark.timeout(60)

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def processes() -> ProcessPoolExecutor:
    """Return a pool whose process starts with the first job, never as a copy of this one."""
    quick = "forkserver" in get_all_start_methods()
    return ProcessPoolExecutor(1, mp_context=get_context("forkserver" if quick else "spawn"))


@pytest.mark.task(1)
async def test_overlap_of_any_number(lab: Lab) -> None:
    """overlap: any number of operations of any length, all at once, in the order of the arguments."""
    rng = chance("overlap")
    seconds = [rng.randrange(1, 80) / 4 for _ in range(rng.randrange(5, 40))]

    async def work(number: int) -> int:
        await lab.pause(seconds[number])
        return number

    probe = lab.probe(work)
    call = await lab.call(kata.overlap, *(lambda number=number: probe(number) for number in range(len(seconds))))
    call.expect_value([*range(len(seconds))])
    expect_same(call.ended, max(seconds), "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_any_mixture_in_order(lab: Lab) -> None:
    """run_mixed: any mixture of kinds gives its results in the order of the jobs."""
    rng = chance("mixed")

    async def io(number: int) -> str:
        await asyncio.sleep(rng.randrange(0, 8) / 4)
        return f"io {number}"

    def blocking(number: int) -> str:
        return f"blocking {number} {lab.on_loop_thread()}"

    jobs: list[kata.Job] = []
    expected: list[object] = []
    for number in range(rng.randrange(8, 20)):
        kind = rng.choice(["io", "blocking", "cpu"])
        if kind == "cpu":
            text = "".join(rng.choices(string.hexdigits, k=6))
            jobs.append(kata.Job("cpu", int, (text, 16)))
            expected.append(int(text, 16))
        elif kind == "io":
            jobs.append(kata.Job("io", io, (number,)))
            expected.append(f"io {number}")
        else:
            jobs.append(kata.Job("blocking", blocking, (number,)))
            expected.append(f"blocking {number} False")
    with ThreadPoolExecutor(3) as threads, processes() as pool:
        call = await lab.call(kata.run_mixed, jobs, threads=threads, processes=pool)
    call.expect_value(expected)


@pytest.mark.task(3)
async def test_an_unknown_kind_anywhere(lab: Lab) -> None:
    """run_mixed: a kind that does not exist, at whichever place, is a ValueError before any job is started."""
    rng = chance("unknown")
    started: list[int] = []

    async def io(number: int) -> None:
        started.append(number)

    kind: Any = rng.choice(["IO", "gpu", ""])
    jobs = [kata.Job("io", io, (number,)) for number in range(rng.randrange(3, 9))]
    jobs.insert(rng.randrange(len(jobs) + 1), kata.Job(kind, io, (99,)))
    with ThreadPoolExecutor(1) as threads, processes() as pool:
        call = await lab.call(kata.run_mixed, jobs, threads=threads, processes=pool)
        await lab.turns(4)
    call.expect_error(ValueError)
    expect(not started, "{count} jobs had been started.", count=len(started))


@pytest.mark.task(3)
async def test_a_failing_job_anywhere(lab: Lab) -> None:
    """run_mixed: whichever job fails, its exception is raised as it is, and the executors go on working."""
    rng = chance("fails")
    failure = rng.choice([KeyError, OSError, LookupError])(rng.random())

    async def io() -> int:
        return 1

    async def fails_on_loop() -> int:
        raise failure

    def fails_in_thread() -> int:
        raise failure

    bad = rng.choice([kata.Job("io", fails_on_loop), kata.Job("blocking", fails_in_thread)])
    jobs = [kata.Job("io", io) for _ in range(rng.randrange(2, 6))]
    jobs.insert(rng.randrange(len(jobs) + 1), bad)
    with ThreadPoolExecutor(1) as threads, processes() as pool:
        call = await lab.call(kata.run_mixed, jobs, threads=threads, processes=pool)
        again = threads.submit(int, "1").result()
    call.expect_error(failure)
    expect(again == 1, "The threads do not work any more.")
