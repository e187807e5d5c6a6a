"""Held-back checks of kata 06: the same contract on inputs that derive from a secret seed."""

import asyncio
import heapq
import random
from collections.abc import Sequence

import concurrency_limit as kata
import pytest

from asyncio_katas.lab import Lab, Probe, expect, expect_same

# Another one in every run that counts.
SEED = "public"


def chance(name: str) -> random.Random:
    """Return the random numbers of one check."""
    return random.Random(f"{SEED}:{name}")


def starts_at(delays: Sequence[float], limit: int) -> list[float]:
    """Return when each request begins if a slot that becomes free is used at once."""
    free = [0.0] * limit
    begins = []
    for delay in delays:
        begins.append(heapq.heappop(free))
        heapq.heappush(free, begins[-1] + delay)
    return begins


def site(
    lab: Lab, delays: dict[str, float], *, cleanup: float = 0.0, taken: list[str] | None = None
) -> Probe[[str], str]:
    """Return a `fetch` that takes its time and gives the url backwards; it notes the urls as they are `taken`."""

    async def fetch(url: str) -> str:
        if taken is not None:
            taken.append(url)
        await lab.pause(delays[url])
        return url[::-1]

    return lab.probe(fetch, cleanup=cleanup)


def some(rng: random.Random, count: int) -> dict[str, float]:
    """Return urls with delays in quarters of a second."""
    return {f"u{rng.randrange(10**6)}-{number}": rng.randrange(1, 40) / 4 for number in range(count)}


@pytest.mark.task(1)
async def test_fetch_all_of_any_size(lab: Lab) -> None:
    """fetch_all: any number of urls, some of them twice, all at once and in order."""
    rng = chance("all")
    delays = some(rng, rng.randrange(20, 60))
    urls = [*delays, *rng.choices([*delays], k=7)]
    rng.shuffle(urls)
    fetch = site(lab, delays)
    call = await lab.call(kata.fetch_all, (url for url in urls), fetch)
    call.expect_value([url[::-1] for url in urls])
    expect(fetch.peak == len(urls), "Only {peak} of {all} were in flight.", peak=fetch.peak, all=len(urls))
    expect_same(call.ended, max(delays.values()), "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(2)
async def test_slots_are_used_as_they_become_free(lab: Lab) -> None:
    """fetch_limited: with any limit each request begins at the earliest moment that the limit allows."""
    rng = chance("slots")
    for _ in range(5):
        delays, limit = some(rng, rng.randrange(6, 25)), rng.randrange(1, 7)
        taken: list[str] = []
        fetch, began = site(lab, delays, taken=taken), lab.now
        call = await lab.call(kata.fetch_limited, iter(delays), fetch, limit=limit)
        call.expect_value([url[::-1] for url in delays])
        expect(fetch.peak <= limit, "limit={limit}, and {peak} were in flight.", limit=limit, peak=fetch.peak)
        seen = sorted(span.start - began for span in fetch.spans)
        # Nothing is said of the order in which urls are taken.
        expected = sorted(starts_at([delays[url] for url in taken], limit))
        expect_same(seen, expected, "limit={limit}: they began at {actual}, not at {expected}.", limit=limit)


@pytest.mark.task(2)
async def test_a_limit_above_the_number_of_urls(lab: Lab) -> None:
    """fetch_limited: a limit that is never reached holds nobody up."""
    rng = chance("above")
    delays = some(rng, rng.randrange(2, 9))
    fetch = site(lab, delays)
    call = await lab.call(kata.fetch_limited, {*delays}, fetch, limit=rng.randrange(50, 10**6))
    call.raise_crash()
    expect(fetch.peak == len(delays), "{peak} of {all} were in flight.", peak=fetch.peak, all=len(delays))
    expect_same(call.ended, max(delays.values()), "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_a_failure_anywhere_ends_the_call(lab: Lab) -> None:
    """fetch_limited: whichever request fails first, the rest is cancelled, and its cleanup awaited."""
    rng = chance("failure")
    for _ in range(5):
        delays, limit, cleanup = some(rng, rng.randrange(6, 20)), rng.randrange(2, 6), rng.randrange(1, 12) / 4
        urls = [*delays]
        # By the order in which requests begin, of which the contract says nothing.
        seconds = [*delays.values()]
        bad = rng.randrange(len(urls) - 1)
        # Between the quarters, so that nothing else happens at that moment.
        seconds[bad] += 1 / 8
        failing = starts_at(seconds, limit)[bad] + seconds[bad]
        failure = OSError(bad)
        numbers = iter(range(len(urls)))

        async def fetch(url: str) -> str:
            number = next(numbers)
            await lab.pause(seconds[number])
            if number == bad:
                raise failure
            return url

        probe, began = lab.probe(fetch, cleanup=cleanup), lab.now
        call = await lab.call(kata.fetch_limited, urls, probe, limit=limit)
        call.expect_error(failure)
        running = any(span.how == "cancelled" for span in probe.spans)
        late = [span for span in probe.spans if span.start > began + failing]
        expect(not late, "{count} began after the failure.", count=len(late))
        expect(all(span.over for span in probe.spans), "The call ended before the others had cleaned up.")
        due = began + failing + (cleanup if running else 0.0)
        expect_same(call.ended, due, "It ended at t={actual}, not at t={expected}.")


@pytest.mark.task(3)
async def test_a_cancellation_at_any_moment(lab: Lab) -> None:
    """fetch_limited: cancelled at any moment, it cancels each running request once and waits for its cleanup."""
    rng = chance("cancel")
    for _ in range(4):
        delays = {f"u{number}": 16.0 + rng.randrange(8) for number in range(12)}
        limit, moment, cleanup = rng.randrange(1, 6), rng.randrange(1, 60) / 4, rng.randrange(1, 12) / 4
        fetch, began = site(lab, delays, cleanup=cleanup), lab.now
        call = lab.call(kata.fetch_limited, [*delays], fetch, limit=limit)
        await lab.pause(moment)
        call.cancel()
        await call
        call.expect_error(asyncio.CancelledError)
        cancels = [span.cancels for span in fetch.spans if span.start < began + moment]
        expect_same(cancels, [1] * limit, "They were cancelled {actual} times, not {expected}.")
        expect_same(call.ended, began + moment + cleanup, "It ended at t={actual}, not at t={expected}.")
