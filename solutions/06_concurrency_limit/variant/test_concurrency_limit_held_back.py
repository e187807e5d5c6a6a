"""Held-back checks of kata 06, task 3 as it is in variant b: failures are results, on inputs from a secret seed."""

import asyncio
import heapq
import random
from collections.abc import Sequence
from itertools import count

import concurrency_limit as kata
import pytest

from asyncio_katas.lab import Lab, expect, expect_same

# Another one in every run that counts.
SEED = "public"
KINDS = [LookupError, IndexError, OSError, TimeoutError, ValueError, RuntimeError, EOFError, asyncio.QueueEmpty]


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def failure(rng: random.Random, number: int) -> Exception:
    """Return an exception of any kind, now and then a whole group of them."""
    one = rng.choice(KINDS)(number)
    return ExceptionGroup("both", [one, OSError(number)]) if rng.random() < 0.2 else one


def starts_at(delays: Sequence[float], limit: int) -> list[float]:
    """Return when each request begins if a slot that becomes free is used at once."""
    free = [0.0] * limit
    begins = []
    for delay in delays:
        begins.append(heapq.heappop(free))
        heapq.heappush(free, begins[-1] + delay)
    return begins


@pytest.mark.task(3)
async def test_any_share_of_failures(lab: Lab) -> None:
    """fetch_limited: however many requests fail, and by what, each outcome has its place, and no slot stays empty."""
    rng = chance("share")
    for share in (rng.random(), rng.random(), 0.9, 1.0):
        number, limit = rng.randrange(6, 25), rng.randrange(1, 7)
        urls = [f"u{rng.randrange(10**6)}-{place}" for place in range(number)]
        delays = {url: rng.randrange(0, 40) / 4 for url in urls}
        outcomes = {
            url: failure(rng, place) if rng.random() < share else rng.choice([None, 0, "", url[::-1]])
            for place, url in enumerate(urls)
        }
        taken: list[str] = []

        async def fetch(url: str) -> object:
            taken.append(url)
            if delays[url]:
                await lab.pause(delays[url])
            outcome = outcomes[url]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        probe, began = lab.probe(fetch), lab.now
        call = await lab.call(kata.fetch_limited, iter(urls), probe, limit=limit)
        call.expect_value([*outcomes.values()])
        expect_same(sorted(taken), sorted(urls), "{actual} were fetched, not {expected}.")
        expect(probe.peak <= limit, "limit={limit}, and {peak} were in flight.", limit=limit, peak=probe.peak)
        seen = sorted(span.start - began for span in probe.spans)
        # Nothing is said of the order in which urls are taken.
        expected = sorted(starts_at([delays[url] for url in taken], limit))
        expect_same(seen, expected, "limit={limit}: they began at {actual}, not at {expected}.", limit=limit)


@pytest.mark.task(3)
async def test_a_cancellation_after_failures(lab: Lab) -> None:
    """fetch_limited: cancelled after failures, it cancels each running request once, whatever its cleanup raises."""
    rng = chance("cancel")
    for _ in range(4):
        limit, early = rng.randrange(2, 6), rng.randrange(1, 6)
        # By the order in which requests begin: the first fail, the others would go on for long.
        seconds = [rng.randrange(1, 16) / 4 for _ in range(early)] + [128.0] * (limit + 4)
        cleanup = [rng.randrange(1, 16) / 4 for _ in seconds]
        fails_again = {place for place in range(len(seconds)) if rng.random() < 0.4}
        # Between the quarters, so that nothing else happens at that moment.
        moment = rng.randrange(1, 40) / 4 + 1 / 8
        numbers, told = count(), list[int]()

        async def fetch(url: str) -> str:
            number = next(numbers)
            try:
                await lab.pause(seconds[number])
            except asyncio.CancelledError:
                told.append(number)
                try:
                    await lab.pause(cleanup[number])
                except asyncio.CancelledError:
                    told.append(number)
                    raise
                if number in fails_again:
                    raise ConnectionError(number) from None
                raise
            raise LookupError(url)

        probe, began = lab.probe(fetch), lab.now
        call = lab.call(kata.fetch_limited, [f"u{place}" for place in range(len(seconds))], probe, limit=limit)
        await lab.pause(moment)
        running = [place for place, span in enumerate(probe.spans) if not span.over]
        call.cancel()
        await call
        call.expect_error(asyncio.CancelledError)
        expect_same(sorted(told), running, "Those cancelled were {actual}, not {expected}, each once.")
        late = [span for span in probe.spans if span.start >= began + moment]
        expect(not late, "{count} began after the cancellation.", count=len(late))
        due = began + moment + max(cleanup[place] for place in running)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_any_limit_below_one(lab: Lab) -> None:
    """fetch_limited: whatever limit is below 1, and whether there are urls or not, it is a ValueError."""
    rng = chance("below")
    for limit, urls in ((0, 0), (0, rng.randrange(1, 9)), (-rng.randrange(1, 10**6), rng.randrange(9))):

        async def fetch(url: str) -> str:
            raise LookupError(url)

        probe, began = lab.probe(fetch), lab.now
        call = lab.call(kata.fetch_limited, [f"u{place}" for place in range(urls)], probe, limit=limit)
        # Not `await call`: where nobody looks at the limit, it may never end.
        await lab.until(lambda: call.over or lab.now > began)
        expect(call.over, "limit={limit}: it waits for ever.", limit=limit)
        call.expect_error(ValueError)
        expect(not probe.started, "limit={limit}, and {count} requests were made.", limit=limit, count=probe.started)
