"""Checks of kata 06."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import concurrency_limit as kata
import pytest

from asyncio_katas.lab import Lab, Mark, Probe, expect, expect_same, show

NOBODY_CANCELS = "Neither gather() nor wait() cancels the others when one fails: a TaskGroup does, or you have to."

# Later urls are faster, so that whoever collects results as they come gets them in the wrong order.
DELAYS = {"a": 8.0, "b": 7.0, "c": 6.0, "d": 5.0, "e": 4.0, "f": 3.0, "g": 2.0, "h": 1.0}


def site(
    lab: Lab, delays: dict[str, float] = DELAYS, *, cleanup: Callable[[str], float] = lambda url: 0.0
) -> Probe[[str], str | None]:
    """Return a `fetch` that takes `delays[url]` seconds and gives the url in capitals; for 'c' it gives None."""

    async def fetch(url: str) -> str | None:
        await lab.pause(delays[url])
        return url.upper() if url != "c" else None

    return lab.probe(fetch, cleanup=cleanup)


async def expect_any_awaitable(lab: Lab, function: Callable[..., Awaitable[list[str | None]]], **options: int) -> None:
    """Expect what `fetch` gives to be awaited where it is no coroutine."""
    request = site(lab)

    def fetch(url: str) -> Awaitable[str | None]:
        return asyncio.ensure_future(request(url))

    call = await lab.call(function, list("abd"), fetch, **options)
    expect(
        call.error is None,
        "fetch(url) gave a future instead of a coroutine, and {call} raised {error}.",
        look="`await` takes any awaitable, and so do gather() and ensure_future(); create_task() takes coroutines "
        "only.",
        call=call.name,
        error=show(call.error),
    )
    call.expect_value(["A", "B", "D"], "fetch(url) gave a future; {call} returned {actual}, expected {expected}.")


@pytest.mark.task(1)
async def test_fetch_all_runs_all_at_once(lab: Lab) -> None:
    """fetch_all: every request is in flight at the same time."""
    fetch = site(lab)
    call = await lab.call(kata.fetch_all, list("abcdefgh"), fetch)
    call.raise_crash()
    fetch.due(*[0.0] * 8)
    expect(
        fetch.started == 8,
        "8 urls were given, but {started} requests were made.",
        look="Call fetch once for each url, and await what it returns.",
        started=fetch.started,
    )
    expect(
        fetch.peak == 8,
        "At most {peak} of 8 requests were in flight at the same time; the call took {took} s instead of 8.",
        look="`await fetch(url)` in a loop waits for each request before it starts the next. Start all, then wait.",
        mark=Mark(fetch.spans[-1].start, "this one could have started at t=0"),
        peak=fetch.peak,
        took=call.ended,
    )
    expect(
        call.ended == 8,
        "The slowest request took 8 s, but the call ended at t={ended}.",
        look="Once the last request is done there is nothing left to wait for.",
        mark=call.end(due=8),
        ended=call.ended,
    )
    many = site(lab, dict.fromkeys(map(str, range(200)), 1.0))
    await lab.call(kata.fetch_all, map(str, range(200)), many)
    expect(
        many.peak == 200,
        "200 urls were given, but never more than {peak} requests were in flight.",
        look="fetch_all has no limit; that is what fetch_limited is for.",
        peak=many.peak,
    )


@pytest.mark.task(1)
async def test_fetch_all_keeps_the_order(lab: Lab) -> None:
    """fetch_all: results come in the order of the urls, not in the order of arrival."""
    expected = ["A", "B", None, "D", "E", "F", "G", "H"]
    # Few of them may come in the right order by chance, as from a set; many do not.
    for urls, results in (("abcdefgha", [*expected, "A"]), ("abcdefgh" * 8, expected * 8)):
        call = await lab.call(kata.fetch_all, iter(urls), site(lab))
        call.expect_value(
            results,
            "fetch_all returned {actual}, expected {expected}.",
            look="Keep each result with its place in `urls`: the fastest is the last but one, and 'a' is given twice.",
        )
    await expect_any_awaitable(lab, kata.fetch_all)


@pytest.mark.task(2)
async def test_limit_is_kept_and_reached(lab: Lab) -> None:
    """fetch_limited: never more than `limit` requests are in flight, and that many are."""
    fetch = site(lab)
    call = await lab.call(kata.fetch_limited, list("abcdefgh"), fetch, limit=3)
    call.raise_crash()
    expect(
        fetch.peak < 8,
        "limit=3, but all 8 requests were in flight at once: nothing limits them.",
        look="A semaphore limits only those who share it. Is one made for each request, or is it never entered?",
        mark=Mark(fetch.peak_at, "8 in flight, limit 3"),
    )
    expect(
        fetch.peak <= 3,
        "limit=3, but {peak} requests were in flight at t={t}.",
        look="Count again who holds a slot, from before the request starts until after it has ended.",
        mark=Mark(fetch.peak_at, "{peak} in flight, limit 3"),
        peak=fetch.peak,
        t=fetch.peak_at,
    )
    expect(
        fetch.peak == 3,
        "limit=3 allows 3 requests at once, but never more than {peak} were in flight.",
        look="Waiting for one request must not keep the next from starting.",
        mark=fetch.due(*[0.0] * 3, *[span.start for span in fetch.spans[3:]]),
        peak=fetch.peak,
    )


@pytest.mark.task(2)
async def test_limited_results_keep_the_order(lab: Lab) -> None:
    """fetch_limited: results come in the order of the urls, whatever iterable they come from."""
    expected = ["A", "B", None, "D", "E", "F", "G", "H"]
    # Few of them may come in the right order by chance, as from a set; many do not.
    for times in (1, 8):
        call = await lab.call(kata.fetch_limited, (url for url in "abcdefgh" * times), site(lab), limit=4)
        call.expect_value(
            expected * times,
            "fetch_limited returned {actual}, expected {expected}.",
            look="Keep each result with its place in `urls`; and a generator can be walked through only once.",
        )
    await expect_any_awaitable(lab, kata.fetch_limited, limit=2)


@pytest.mark.task(2)
async def test_freed_slot_is_refilled_at_once(lab: Lab) -> None:
    """fetch_limited: a slot that becomes free is used at once; nobody waits for a whole batch."""
    uneven = {"a": 8.0, "b": 1.1875, "c": 1.0, "d": 2.0, "e": 1.0, "f": 1.0}
    # And once so that both slots become free at the same moment.
    for delays in (uneven, dict.fromkeys("abcdef", 1.0)):
        fetch = site(lab, delays)
        call = await lab.call(kata.fetch_limited, list("abcdef"), fetch, limit=2)
        call.raise_crash()
        expect(
            fetch.peak <= 2,
            "limit=2, but {peak} requests were in flight: where nothing is limited, no slot becomes free.",
            look="First keep the limit; then see that no slot stays empty.",
            mark=Mark(fetch.peak_at, "{peak} in flight, limit 2"),
            peak=fetch.peak,
        )
        events = sorted({span.start for span in fetch.spans} | {span.end or 0.0 for span in fetch.spans})
        for begin, end in pairwise(events):
            busy = sum(1 for span in fetch.spans if span.start <= begin and (span.end or 0.0) >= end)
            waiting = any(span.start >= end for span in fetch.spans)
            expect(
                busy == 2 or not waiting,
                "From t={begin} to t={end} only {busy} of 2 slots was in use, while the next url was still waiting.",
                look="Whoever ends lets the next one in at that moment: each of two that end together, "
                "without waiting for a whole group, and without looking only now and then.",
                mark=Mark(begin, "a slot is free, and nobody takes it"),
                begin=begin,
                end=end,
                busy=busy,
            )


@pytest.mark.task(2)
async def test_same_url_twice_is_fetched_twice(lab: Lab) -> None:
    """fetch_limited: a url that occurs twice is fetched twice."""
    numbers = iter(range(1, 10))

    async def fetch(url: str) -> str:
        number = next(numbers)
        await lab.pause(1)
        return f"{url}{number}"

    probe = lab.probe(fetch)
    call = await lab.call(kata.fetch_limited, ["a", "b", "a", "a"], probe, limit=1)
    call.raise_crash()
    expect(
        probe.started == 4,
        "4 urls were given ('a' three times), but {started} requests were made.",
        look="Two equal urls are two requests; a dict or set keyed by url makes them one.",
        started=probe.started,
    )
    results = call.value
    expect(
        type(results) is list and len(results) == 4 and len(set(map(show, results))) == 4,
        "Each request gave a result of its own, but the call returned {results}.",
        look="Each place in `urls` gets the result of its own request, also where urls are equal.",
        results=show(results),
    )


@pytest.mark.task(2)
async def test_no_urls_give_an_empty_list(lab: Lab) -> None:
    """fetch_limited: no urls, no requests, an empty list."""
    fetch = site(lab)
    call = await lab.call(kata.fetch_limited, [], fetch, limit=3)
    call.expect_value([], "For no urls at all fetch_limited returned {actual}, expected {expected}.")


@pytest.mark.task(2)
def test_works_in_a_second_event_loop(lab: Lab) -> None:
    """fetch_limited: works again in a second event loop, as after a second asyncio.run(), and twice at once in one."""

    async def once() -> None:
        call = await lab.call(kata.fetch_limited, list("abdefgh"), site(lab), limit=2)
        error = call.error
        expect(
            not (isinstance(error, RuntimeError) and "loop" in str(error)),
            "In a second event loop the call raised {error}.",
            look="A semaphore, lock or queue belongs to the loop that first waits on it: make it inside the call.",
            error=show(error),
        )
        call.expect_value(
            list("ABDEFGH"),
            "In a second event loop fetch_limited returned {actual}, expected {expected}.",
            look="Nothing of the first run may be left over for the second: keep the state inside the call.",
        )

    async def twice() -> None:
        fetches = [site(lab, dict.fromkeys("abcd", 1.0)) for _ in range(2)]
        calls = [lab.call(kata.fetch_limited, list("abcd"), fetch, limit=2) for fetch in fetches]
        for call, fetch in zip(calls, fetches, strict=True):
            await call
            call.raise_crash()
            expect(
                fetch.peak == 2 and call.ended == 2,
                "Two calls ran at the same time, each with 4 requests of 1 s and limit=2. "
                "One of them ended at t={ended} instead of 2, and had at most {peak} requests in flight.",
                look="The limit is that of one call: make what counts its requests inside the call, "
                "and share it with no other.",
                mark=call.end(due=2),
                peak=fetch.peak,
                ended=call.ended,
            )

    lab.run(once)
    lab.run(once)
    lab.run(twice)


@pytest.mark.task(3)
async def test_first_failure_cancels_the_rest(lab: Lab) -> None:
    """fetch_limited: the first failure cancels the rest, waits for its cleanup, and leaves as it is."""
    failure = LookupError("no such page")
    begun: list[str] = []

    async def fetch(url: str) -> str:
        # The second to begin fails, whichever it is: nothing is said of the order in which requests begin.
        begun.append(url)
        fails = len(begun) == 2
        await lab.pause(2 if fails else 8)
        if fails:
            raise failure
        return url.upper()

    # One cleans up faster than the other: its end is not yet the end of all.
    probe = lab.probe(fetch, cleanup=lambda url: 0.5 if url == begun[0] else 1.0)
    call = await lab.call(kata.fetch_limited, list("abcdefgh"), probe, limit=3)
    failed = show(begun[1]) if len(begun) > 1 else "the second"
    late = [span for span in probe.spans if span.start > 2]
    expect(
        not late,
        "{failed} failed at t=2, but {label} was started at t={t}.",
        look="After the first failure nobody may take a free slot any more.",
        mark=Mark(late[0].start if late else 2, "started after the failure"),
        failed=failed,
        label=late[0].label if late else "",
        t=late[0].start if late else 0.0,
    )
    expect(
        probe.started <= 6,
        "{failed} failed at t=2, and {extra} more requests were started at that moment.",
        look="A failure must not let everybody through who was waiting for a slot.",
        mark=Mark(2, "{failed} fails"),
        failed=failed,
        extra=probe.started - 3,
    )
    left = [span for span in probe.spans if not span.over]
    uncancelled = [span for span in left if not span.cancels]
    if left:
        # The timeline is to show how they run on, and not how the end of the check cuts them off.
        await lab.pause(8)
    expect(
        not uncancelled,
        "{failed} failed at t=2 and the call ended at t={ended}, but {label} was still running: "
        "nobody had cancelled it.",
        look=NOBODY_CANCELS,
        mark=Mark(call.ended or 0.0, "the call ends, others run on"),
        failed=failed,
        label=uncancelled[0].label if uncancelled else "",
        ended=call.ended,
    )
    expect(
        not left,
        "The call ended at t={ended}, but {label}, which had been cancelled, was still cleaning up.",
        look="cancel() only asks. Whoever cancels has to wait until the cancelled ones have ended.",
        mark=Mark(call.ended or 0.0, "the call ends, others run on"),
        label=left[0].label if left else "",
        ended=call.ended,
    )
    finished = [span for span in probe.spans if span.how == "returned"]
    expect(
        not finished,
        "{failed} failed at t=2, but {label} was not cancelled: it ran on until t={t}.",
        look=NOBODY_CANCELS,
        mark=Mark(2, "{failed} fails, the others go on"),
        failed=failed,
        label=finished[0].label if finished else "",
        t=finished[0].end if finished else 0.0,
    )
    wrapped = isinstance(call.error, BaseExceptionGroup)
    call.expect_error(
        failure,
        "fetch {failed} raised {expected}, but {call} {happened}.",
        look="A TaskGroup wraps failures in a group; hand out the first of them as it was."
        if wrapped
        else "The caller wants the very exception that fetch raised.",
        failed=failed,
    )
    expect(
        call.ended == 3,
        "The failure came at t=2 and cleaning up took 1 s, but the call ended at t={ended}.",
        look="Cancel all at once, and then wait for all of them together.",
        mark=call.end(due=3),
        ended=call.ended,
    )


@pytest.mark.task(3)
async def test_whatever_fails_ends_the_call(lab: Lab) -> None:
    """fetch_limited: however many requests fail, and whatever they raise, one of their exceptions leaves."""
    kinds = (LookupError, IndexError, asyncio.QueueEmpty, TimeoutError, lambda url: ExceptionGroup(url, [OSError()]))
    for kind in kinds:
        failures: dict[str, Exception] = {url: kind(url) for url in "abcdef"}

        async def fetch(url: str) -> str:
            await lab.pause(1)
            raise failures[url]

        began = lab.now
        call = await lab.call(kata.fetch_limited, list("abcdef"), lab.probe(fetch), limit=2)
        if not any(call.error is failure for failure in failures.values()):
            call.expect_error(
                failures["a"],
                "Every request failed with one like {expected}, but {call} {happened}.",
                look="The very exception that fetch raised has to leave. Is an `except` of yours too wide?",
            )
        expect_same(
            call.ended,
            began + 1,
            "The first failures came at t={expected}, but the call ended at t={actual}.",
            look="Two fail at the same moment. Neither may keep the call from ending.",
            mark=call.end(due=began + 1),
        )


@pytest.mark.task(3)
async def test_cancelling_the_caller_cancels_each_request_once(lab: Lab) -> None:
    """fetch_limited: cancelling the caller cancels each running request once and waits for its cleanup."""
    # Those at either end of the urls clean up faster than the rest.
    fetch = site(lab, dict.fromkeys("abcdefgh", 8.0), cleanup=lambda url: 1.0 if url in "ah" else 2.0)
    call = lab.call(kata.fetch_limited, list("abcdefgh"), fetch, limit=3)
    await lab.pause(1)
    call.cancel()
    await call
    call.expect_error(
        asyncio.CancelledError,
        "The caller was cancelled, but {call} {happened}.",
        look="Clean up when CancelledError comes by, and let it pass on.",
    )
    late = [span for span in fetch.spans if span.start > 1]
    expect(
        not late and fetch.started <= 6,
        "The caller was cancelled at t=1, but {count} requests were started afterwards.",
        look="A cancelled caller wants nothing more: nobody may take a free slot any more.",
        mark=Mark(1, "the caller is cancelled"),
        count=fetch.started - 3,
    )
    running = [span for span in fetch.spans if span.how == "running" or not span.cancels]
    expect(
        not running,
        "The caller was cancelled at t=1, but {label} was not.",
        look="A request that runs in a task of its own is not cancelled with the caller: that is up to you.",
        mark=Mark(1, "the caller is cancelled"),
        label=running[0].label if running else "",
    )
    twice = [span for span in fetch.spans if span.cancels > 1]
    expect(
        not twice,
        "{label} was cancelled {cancels} times; the second one interrupted its cleanup.",
        look="Cancel each request once, then wait. Who cancels: you, the TaskGroup, gather()? Not two of them.",
        mark=Mark(1, "the caller is cancelled"),
        label=twice[0].label if twice else "",
        cancels=twice[0].cancels if twice else 0,
    )
    expect(
        call.ended == 3,
        "Cleaning up took from t=1 to t=3, but the call ended at t={ended}.",
        look="cancel() only asks. Wait until the cancelled requests have ended.",
        mark=call.end(due=3),
        ended=call.ended,
    )


@pytest.mark.task(3)
async def test_limit_below_one_is_refused(lab: Lab) -> None:
    """fetch_limited: a limit below 1 is a ValueError, before anything is fetched."""
    for limit in (0, -1):
        fetch = site(lab)
        call = lab.call(kata.fetch_limited, ["a", "b"], fetch, limit=limit)
        # Not `await call`: where nobody looks at the limit, it may never end.
        await lab.until(lambda: call.over or lab.now > 64)
        expect(
            fetch.started == 0,
            "limit={limit}: {label} was started; expected a ValueError and no request at all.",
            look="Look at the limit before anything else.",
            mark=Mark(fetch.spans[0].start if fetch.spans else 0.0, "the first request"),
            limit=limit,
            label=fetch.spans[0].label if fetch.spans else "",
        )
        expect(
            call.over,
            "limit={limit}: expected a ValueError, but {call} waits for ever.",
            look="Look at the limit before anything else: with this one no request would ever get a slot.",
            mark=Mark(lab.now, "still waiting"),
            call=call.name,
            limit=limit,
        )
        call.expect_error(ValueError, "limit={limit}: {call} {happened}, expected a ValueError.", limit=limit)
        call = await lab.call(kata.fetch_limited, [], site(lab), limit=limit)
        call.expect_error(
            ValueError,
            "limit={limit}, and no urls: {call} {happened}, expected a ValueError.",
            look="A limit below 1 is a mistake of the caller, whether or not there is anything to fetch. "
            "Look at it before you look at the urls.",
            limit=limit,
        )
