"""Held-back checks of kata 11: the same contract on inputs that derive from a secret seed."""

import random

import pytest
import timeouts as kata

from asyncio_katas.lab import Lab, Probe, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


Try = tuple[float, object]


def operation(lab: Lab, tries: list[Try], *, cleanup: float = 0.0) -> Probe[[], object]:
    """Return an `op` whose n-th call takes so long, and then gives or raises that."""
    upcoming = iter(tries)

    async def op() -> object:
        seconds, result = next(upcoming)
        await lab.pause(seconds)
        if isinstance(result, BaseException):
            raise result
        return result

    return lab.probe(op, cleanup=cleanup)


@pytest.mark.task(1)
async def test_any_limit(lab: Lab) -> None:
    """call_with_timeout: any operation under any limit ends by its value, or by TimeoutError after its cleanup."""
    rng = chance("limit")
    for number in range(8):
        limit, cleanup = rng.randrange(4, 80) / 4, rng.randrange(0, 20) / 4
        takes = limit + (-1 if number % 2 else 1) * rng.randrange(1, 4) / 8
        op, began = operation(lab, [(takes, number)], cleanup=cleanup), lab.now
        call = await lab.call(kata.call_with_timeout, op, limit)
        if takes < limit:
            call.expect_value(number)
        else:
            call.expect_error(TimeoutError)
        due = began + (takes if takes < limit else limit + cleanup)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(1)
async def test_own_exceptions_of_any_kind(lab: Lab) -> None:
    """call_with_timeout: whatever the operation raises leaves as the very object that it was."""
    rng = chance("own")
    for kind in rng.sample([KeyError, TimeoutError, ConnectionError, ZeroDivisionError, StopAsyncIteration], k=4):
        failure = kind(rng.random())
        op = operation(lab, [(rng.randrange(1, 8) / 4, failure)])
        call = await lab.call(kata.call_with_timeout, op, 16)
        call.expect_error(failure)


@pytest.mark.task(2)
async def test_tries_and_pauses_of_any_length(lab: Lab) -> None:
    """retry: each try begins when the pause after the one before it is over, and the first value is returned."""
    rng = chance("tries")
    for _ in range(4):
        failures = rng.randrange(1, 6)
        tries: list[Try] = []
        for _ in range(failures):
            slow = rng.random() < 0.5
            tries.append((99.0, "too late") if slow else (rng.randrange(0, 12) / 4, ConnectionResetError("again")))
        tries.append((0.25, "value"))
        pauses = [rng.randrange(0, 16) / 4 for _ in tries]
        op, began = operation(lab, tries), lab.now
        call = await lab.call(
            kata.retry, op, attempts=failures + 1, per_try=4, deadline=4096, backoff=lambda n: pauses[n - 1]
        )
        call.expect_value("value")
        due, at = [], began
        for (seconds, _), pause in zip(tries, pauses, strict=True):
            due.append(at)
            at += min(seconds, 4) + pause
        expect_same([span.start for span in op.spans], due, "The tries began at {actual}, not at {expected}.")


@pytest.mark.task(2)
async def test_the_last_exception_leaves(lab: Lab) -> None:
    """retry: after the last of any number of attempts its own exception leaves, without a pause."""
    rng = chance("last")
    attempts = rng.randrange(1, 9)
    failures = [rng.choice([OSError, TimeoutError, BrokenPipeError])(number) for number in range(attempts)]
    tries: list[Try] = [(0.5, failure) for failure in failures]
    op = operation(lab, tries)
    call = await lab.call(kata.retry, op, attempts=attempts, per_try=8, deadline=4096, backoff=lambda n: 2.0)
    call.expect_error(failures[-1])
    expect(op.started == attempts, "{count} tries instead of {due}.", count=op.started, due=attempts)
    expect_same(call.ended, 0.5 * attempts + 2.0 * (attempts - 1), "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_what_is_not_worth_another_try(lab: Lab) -> None:
    """retry: at whichever try it comes, any other exception leaves at once."""
    rng = chance("other")
    at = rng.randrange(0, 5)
    failure = rng.choice([LookupError, ValueError, EOFError])("no use")
    tries: list[Try] = [*[(1.0, OSError("again"))] * at, (1.0, failure)]
    op = operation(lab, tries)
    call = await lab.call(kata.retry, op, attempts=9, per_try=8, deadline=4096, backoff=lambda n: 0.25)
    call.expect_error(failure)
    expect_same(call.ended, at * 1.25 + 1, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_the_deadline_wherever_it_falls(lab: Lab) -> None:
    """retry: the deadline ends a try or a pause, whichever it falls into; only a cleanup runs past it."""
    rng = chance("deadline")
    for _ in range(6):
        takes, pause, cleanup = rng.randrange(4, 16) / 4, rng.randrange(4, 16) / 4, rng.randrange(1, 8) / 4
        rounds, in_try = rng.randrange(0, 4), rng.random() < 0.5
        deadline = rounds * (takes + pause) + (takes / 2 if in_try else takes + pause / 2)
        op, began = operation(lab, [(takes, OSError("again"))] * 9, cleanup=cleanup), lab.now
        call = await lab.call(kata.retry, op, attempts=9, per_try=64, deadline=deadline, backoff=lambda n: pause)
        call.expect_error(TimeoutError)
        due = began + deadline + (cleanup if in_try else 0)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")
