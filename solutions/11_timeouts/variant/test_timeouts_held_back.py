"""Held-back checks of kata 11, task 3 as it is in variant b: the deadline limits what is begun, wherever it falls."""

import asyncio
import random
from collections.abc import Iterator

import pytest
import timeouts as kata

from asyncio_katas.lab import Lab, Probe, expect, expect_same

# Another one in every run that counts.
SEED = "public"
PER_TRY = 8.0
CLEANUP = 1.5

Try = tuple[float, object]


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def operation(lab: Lab, tries: list[Try]) -> Probe[[], object]:
    """Return an `op` whose n-th call takes so long, and then gives or raises that."""
    upcoming = iter(tries)

    async def op() -> object:
        seconds, result = next(upcoming)
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(op, cleanup=CLEANUP)


def failing(rng: random.Random, number: int) -> list[Try]:
    """Return tries that fail one after the other, some of them because they take too long."""
    kinds = [OSError, TimeoutError, ConnectionError]
    return [
        (32.0, "too late") if rng.random() < 0.3 else (rng.randrange(1, 24) / 4, rng.choice(kinds)(place))
        for place in range(number)
    ]


def lasts(tried: Try) -> float:
    """Return how long a try takes, its cleanup included."""
    seconds, _ = tried
    return PER_TRY + CLEANUP if seconds > PER_TRY else seconds


def pause_ends(tries: list[Try], pauses: list[float]) -> Iterator[float]:
    """Give when the pause after each try would end, if there was no deadline."""
    at = 0.0
    for tried, pause in zip(tries, pauses, strict=True):
        at += lasts(tried) + pause
        yield at


@pytest.mark.task(3)
async def test_the_pause_that_ends_too_late(lab: Lab) -> None:
    """retry: of any tries and pauses, the first pause that would end at the deadline or later is not begun."""
    rng = chance("pause")
    # At the deadline itself is too late, and a moment before it is not.
    for beyond in (0.0, 1 / 8, -1 / 8, 0.0):
        number = rng.randrange(3, 8)
        tries, pauses = failing(rng, number), [rng.randrange(1, 24) / 4 for _ in range(number)]
        ends = [*pause_ends(tries, pauses)]
        deadline = rng.choice(ends[:-1]) - beyond
        tried = next(place for place, end in enumerate(ends, start=1) if end >= deadline)
        asked: list[int] = []

        def backoff(place: int) -> float:
            asked.append(place)
            # Whoever asks more than once gets other answers.
            return pauses[len(asked) - 1] if len(asked) <= len(pauses) else 64.0

        op = operation(lab, tries)
        call = await lab.call(kata.retry, op, attempts=number + 1, per_try=PER_TRY, deadline=deadline, backoff=backoff)
        starts = [call.began + begin for begin in [0.0, *ends][:tried]]
        expect_same([span.start for span in op.spans], starts, "The tries began at {actual}, not at {expected}.")
        # Where the last try has ended after the deadline, no answer to that question could change anything.
        expect(
            asked in ([*range(1, tried)], [*range(1, tried + 1)]), "backoff was asked for {asked}.", asked=str(asked)
        )
        seconds, result = tries[tried - 1]
        call.expect_error(result if isinstance(result, Exception) and seconds < PER_TRY else TimeoutError)
        due = starts[-1] + lasts(tries[tried - 1])
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_the_try_that_passes_the_deadline(lab: Lab) -> None:
    """retry: a try during which the deadline passes, whichever it is, ends by itself, or by its own limit."""
    rng = chance("passes")
    for ending, at_once in (("value", False), ("failure", False), ("limit", False), ("value", True)):
        number = 0 if at_once else rng.randrange(0, 4)
        tries, pauses = failing(rng, number), [rng.randrange(1, 12) / 4 for _ in range(9)]
        begins = [0.0, *pause_ends(tries, pauses[:number])][-1]
        takes = 32.0 if ending == "limit" else rng.randrange(4, 30) / 4
        failure = rng.choice([OSError, TimeoutError, LookupError])("late")
        tries.append((takes, failure if ending == "failure" else rng.choice([None, 0, "value"])))
        deadline = 0.0 if at_once else begins + rng.randrange(1, int(min(takes, PER_TRY) * 8)) / 8
        op = operation(lab, [*tries, (1.0, "one more")])
        call = await lab.call(
            kata.retry, op, attempts=9, per_try=PER_TRY, deadline=deadline, backoff=lambda n: pauses[n - 1]
        )
        if ending == "value":
            call.expect_value(tries[-1][1])
        else:
            call.expect_error(failure if ending == "failure" else TimeoutError)
        expect(op.started == number + 1, "{count} tries, not {due}.", count=op.started, due=number + 1)
        due = call.began + begins + lasts(tries[-1])
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_cancelled_from_outside_at_any_moment(lab: Lab) -> None:
    """retry: cancelled in whichever try or pause, before the deadline or after it, it ends after the cleanup."""
    rng = chance("outside")
    for _ in range(4):
        number = rng.randrange(1, 5)
        tries: list[Try] = [(rng.randrange(1, 24) / 4, OSError(place)) for place in range(number)]
        pauses = [rng.randrange(1, 24) / 4 for _ in tries]
        ends = [*pause_ends(tries, pauses)]
        # Between the quarters, so that nothing else happens at that moment; the last try goes on for long.
        moment = rng.randrange(0, int(ends[-1] + 8) * 4) / 4 + 1 / 8
        op = operation(lab, [*tries, (32.0, "value"), (1.0, "one more")])
        call = lab.call(kata.retry, op, attempts=9, per_try=64, deadline=ends[-1] + 4, backoff=lambda n: pauses[n - 1])
        await lab.pause(moment)
        started, running = op.started, op.running
        call.cancel()
        await call
        call.expect_error(asyncio.CancelledError)
        expect(op.started == started, "Another try was begun.")
        due = call.began + moment + CLEANUP * running
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")
