"""Held-back checks of kata 02: the same contract on inputs that derive from a secret seed."""

import inspect
import math
import random
from typing import Any

import coroutines_and_generators as kata
import pytest

from asyncio_katas.lab import Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


@pytest.mark.task(1)
def test_means_of_any_numbers(lab: Lab) -> None:
    """averager: the running mean of any numbers, in several generators at once, and their count in the end."""
    rng = chance("means")
    averagers = [kata.averager() for _ in range(3)]
    sent: list[list[float]] = [[] for _ in averagers]
    for averager in averagers:
        next(averager)
    for _ in range(40):
        index, number = rng.randrange(3), rng.choice([0, 0.0, rng.randrange(-100, 100), rng.uniform(-9, 9)])
        sent[index].append(number)
        mean = averagers[index].send(number)
        right = isinstance(mean, int | float) and math.isclose(mean, sum(sent[index]) / len(sent[index]), abs_tol=1e-9)
        expect(right, "The mean of {sent} is not {mean}.", sent=str(sent[index]), mean=str(mean))
    for averager, numbers in zip(averagers, sent, strict=True):
        call = lab.attempt(averager.send, None)
        call.expect_error(StopIteration)
        count = call.error.value if isinstance(call.error, StopIteration) else None
        expect_same(count, len(numbers), "It counted {actual} numbers, not {expected}.")


@pytest.mark.task(2)
def test_questions_at_any_depth(lab: Lab) -> None:
    """ask, drive: any questions at any depth reach the driver in their order, and get the answers meant for them."""
    rng = chance("depth")
    questions = [rng.choice([None, 0, "", rng.random(), ("q", rng.randrange(9))]) for _ in range(12)]
    depths = [rng.randrange(0, 6) for _ in questions]
    answers = iter([rng.choice([None, False, rng.random()]) for _ in questions])
    given: list[tuple[object, object]] = []

    def answer(question: object) -> object:
        given.append((question, next(answers)))
        return given[-1][1]

    async def ask(question: object, depth: int) -> object:
        return await ask(question, depth - 1) if depth else await kata.ask(question)

    async def main() -> list[object]:
        return [await ask(question, depth) for question, depth in zip(questions, depths, strict=True)]

    call = lab.attempt(kata.drive, main(), answer)
    call.raise_crash()
    expect_same([question for question, _ in given], questions, "Asked was {actual}, not {expected}.")
    expect_same(call.value, [reply for _, reply in given], "The answers were {actual}, not {expected}.")


@pytest.mark.task(3)
def test_an_answer_that_fails(lab: Lab) -> None:
    """drive: at whichever question the answer fails, the coroutine hears of it there, and may go on."""
    rng = chance("fails")
    count = rng.randrange(3, 12)
    bad = set(rng.sample(range(count), k=rng.randrange(1, count)))
    failures: dict[int, Exception] = {number: rng.choice([KeyError, OSError, ValueError])(number) for number in bad}

    def answer(question: int) -> int:
        if question in bad:
            raise failures[question]
        return question * 2

    async def main() -> list[object]:
        heard: list[object] = []
        for number in range(count):
            try:
                heard.append(await kata.ask(number))
            except Exception as error:
                heard.append(error)
        return heard

    call = lab.attempt(kata.drive, main(), answer)
    call.expect_value([failures[n] if n in bad else n * 2 for n in range(count)])


@pytest.mark.task(3)
def test_left_in_any_way(lab: Lab) -> None:
    """drive: left by the coroutine's exception or by an interrupt of the answer, the coroutine has been closed."""
    rng = chance("left")
    for interrupt in (False, True):
        at, cleaned = rng.randrange(1, 8), []
        failure: BaseException = KeyboardInterrupt(at) if interrupt else LookupError(at)

        def answer(question: int) -> int:
            if interrupt and question == at:
                raise failure
            return question

        async def main() -> None:
            try:
                for number in range(20):
                    await kata.ask(number)
                    if number == at:
                        raise failure
            finally:
                cleaned.append(at)

        coroutine = main()
        lab.attempt(kata.drive, coroutine, answer).expect_error(failure)
        expect_same(cleaned, [at], "Its finally ran for {actual}, not for {expected}.")
        expect(inspect.getcoroutinestate(coroutine) == "CORO_CLOSED", "It is not closed.")


@pytest.mark.task(3)
def test_drivers_inside_drivers(lab: Lab) -> None:
    """drive: an answer may drive another coroutine, to any depth, and no question goes to the wrong driver."""
    depth = chance("inside").randrange(2, 9)

    async def main(level: int) -> Any:
        return (level, await kata.ask(level), await kata.ask(-level))

    def answer(question: int) -> object:
        return kata.drive(main(question - 1), answer) if question > 1 else question

    call = lab.attempt(kata.drive, main(depth), answer)
    expected: object = (1, 1, -1)
    for level in range(2, depth + 1):
        expected = (level, expected, -level)
    call.expect_value(expected)
