"""Checks of kata 06, task 3 as it is in variant b: failures are results."""

import asyncio
from collections.abc import Mapping
from itertools import count, pairwise
from typing import Any

import concurrency_limit as kata
import pytest

from asyncio_katas.lab import Call, Lab, Mark, Probe, expect, fail, same, show

# All but one of the slots meet a failure, so that the answer gets through even if each failure costs it a slot.
TIMES = {"a": 8.0, "b": 2.0, "c": 5.0, "d": 4.0, "e": 1.0, "f": 3.0, "g": 2.0, "h": 1.0}
STOPS_NOTHING = "A failed request concerns its own place in the list and nobody else: keep its exception there."
NO_GROUP = "No group, neither a TaskGroup's nor one of your own: each failure stays with its request, whatever it is."


def expect_outcomes(
    call: Call, fetch: Probe[[str], str | None], asked: list[str], outcomes: Mapping[str, str | Exception | None]
) -> None:
    """Expect each url to have been asked for once, and the list to hold what came of each: exactly these outcomes."""
    __tracebackhide__ = True
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, Exception)]
    failed = len(fetch.ended("raised"))
    error = call.error
    group = isinstance(error, BaseExceptionGroup)
    if error and not group and not any(failure in (error, error.__cause__) for failure in failures):
        call.raise_crash()
    expect(
        error is None,
        "{failed} of {urls} requests failed, and {call} {happened}; expected a list with every failure in its place.",
        look=NO_GROUP if group else STOPS_NOTHING,
        mark=call.end(),
        failed=failed,
        urls=len(outcomes),
        call=call.name,
        happened=call.happened,
    )
    for span in fetch.spans:
        expect(
            not span.cancels,
            "{label} was cancelled at t={t}, though nobody had cancelled the caller.",
            look=STOPS_NOTHING,
            mark=Mark(span.cleanup or 0.0, "cancelled after a failure"),
            label=span.label,
            t=span.cleanup,
        )
        expect(
            span.over,
            "The call ended at t={ended}, but {label} was still running.",
            look="The call ends with the last of its requests.",
            mark=call.end(),
            label=span.label,
            ended=call.ended,
        )
    for number, url in enumerate(asked):
        expect(
            url not in asked[:number],
            "{url} was given once, but it was fetched again at t={t}.",
            look="A failed request is not tried again: whoever gets the list decides about that.",
            mark=Mark(fetch.spans[number].start, "once more"),
            url=show(url),
            t=fetch.spans[number].start,
        )
    missing = [url for url in outcomes if url not in asked]
    expect(
        not missing,
        "{failed} of {urls} requests failed, and these were never fetched: {missing}.",
        look="However many have failed, every url gets its request.",
        mark=call.end(),
        failed=failed,
        urls=len(outcomes),
        missing=", ".join(missing),
    )
    expect_list(call.value, outcomes, failed)


def expect_list(values: object, outcomes: Mapping[str, str | Exception | None], failed: int) -> None:
    """Expect a list of exactly these outcomes, each exception the very one, in the order of the urls."""
    __tracebackhide__ = True
    if type(values) is not list or len(values) != len(outcomes):
        fail(
            "{urls} urls were given, and {failed} of the requests failed: fetch_limited returned {values}, "
            "expected a list of {urls}.",
            look="Each url has a place of its own in the list, whatever became of its request.",
            urls=len(outcomes),
            failed=failed,
            values=show(values),
        )
    for index, (url, outcome) in enumerate(outcomes.items()):
        value = values[index]
        if same(value, outcome):
            continue
        shown: dict[str, Any] = {"url": show(url), "outcome": show(outcome), "index": index, "value": show(value)}
        if not isinstance(outcome, Exception):
            fail(
                "fetch {url} gave {outcome}, but index {index} of the list holds {value}.",
                look="Failures and results share one list, in the order of `urls`.",
                **shown,
            )
        fail(
            "fetch {url} raised {outcome}, but index {index} of the list holds a copy of that."
            if type(value) is type(outcome) and shown["value"] == shown["outcome"]
            else "fetch {url} raised {outcome}, but index {index} of the list holds {value}.",
            look="The caller wants the very exception that fetch raised, in the place of its url: not its text, "
            "no copy, and nothing around it.",
            **shown,
        )


@pytest.mark.task(3)
async def test_failures_are_results(lab: Lab) -> None:
    """fetch_limited: a failed request stops nothing, and its place in the list holds the exception it raised."""
    some: dict[str, str | Exception | None] = {url: url.upper() for url in TIMES}
    some |= {"b": LookupError("no page b"), "c": None, "d": ValueError("no page d"), "g": LookupError("no page g")}
    # Whatever leaves fetch is a failure, also what ends the loops of workers, or looks like a group of failures.
    every: dict[str, str | Exception | None] = {
        "a": LookupError("no page a"),
        "b": IndexError("no page b"),
        "c": asyncio.QueueEmpty("no page c"),
        "d": TimeoutError("no page d"),
        "e": ExceptionGroup("no page e", [OSError("no line")]),
        "f": OSError("no page f"),
    }
    for outcomes, limit in ((some, 4), (every, 6)):
        asked: list[str] = []

        async def fetch(url: str) -> str | None:
            asked.append(url)
            await lab.pause(TIMES[url])
            outcome = outcomes[url]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        probe = lab.probe(fetch)
        call = await lab.call(kata.fetch_limited, list(outcomes), probe, limit=limit)
        expect_outcomes(call, probe, asked, outcomes)


@pytest.mark.task(3)
async def test_failed_request_frees_its_slot_at_once(lab: Lab) -> None:
    """fetch_limited: a failed request frees its slot at once, and once only; the next url takes it."""
    uneven = {"a": 8.0, "b": 1.1875, "c": 1.0, "d": 2.0, "e": 1.0, "f": 1.0}
    # And once so that both fail at the same moment, and once so that some fail without having waited at all.
    some_at_once = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.0, "e": 1.0, "f": 1.0}
    for times, good in ((uneven, "ad"), (dict.fromkeys("abcdef", 1.0), ""), (some_at_once, "def")):

        async def fetch(url: str) -> str:
            if times[url]:
                await lab.pause(times[url])
            if url not in good:
                raise LookupError(url)
            return url.upper()

        began = lab.now
        probe = lab.probe(fetch)
        call = lab.call(kata.fetch_limited, list("abcdef"), probe, limit=2)
        # Not `await call`: where each failure costs a slot, it may never end.
        await lab.until(lambda: call.over or lab.now > began + 64)
        expect(
            type(call.error) is not LookupError and not isinstance(call.error, BaseExceptionGroup),
            "A request failed, and {call} {happened}: where a failure ends the call, no slot is used again.",
            look="First let failures stop nothing; then see that no slot stays empty.",
            mark=call.end(),
            call=call.name,
            happened=call.happened,
        )
        call.raise_crash()
        expect(
            probe.peak <= 2,
            "limit=2, but after a failure {peak} requests were in flight at t={t}.",
            look="A failed request frees one slot, once. Who does it: `async with`, a `finally`, an `except`, or two?",
            mark=Mark(probe.peak_at, "{peak} in flight, limit 2"),
            peak=probe.peak,
            t=probe.peak_at,
        )
        spans = probe.spans
        ends = [lab.now if span.end is None else span.end for span in spans]
        moments = sorted({began, *ends} | {span.start for span in spans})
        for begin, end in pairwise(moments):
            busy = sum(1 for span, over in zip(spans, ends, strict=True) if span.start <= begin and over >= end)
            waiting = probe.started < 6 or any(span.start >= end for span in spans)
            expect(
                busy == 2 or not waiting,
                "From t={begin} to t={end} only {busy} of 2 slots was in use, while the next url was still waiting.",
                look="A request that fails leaves its slot like any other: at that moment, and on every way out.",
                mark=Mark(begin, "a slot is free, and nobody takes it"),
                begin=begin,
                end=end,
                busy=busy,
            )
        expect(
            probe.started >= 6,
            "6 urls were given, but after t={t} none was fetched any more: {started} requests were made.",
            look="A request that fails leaves its slot like any other: at that moment, and on every way out.",
            mark=Mark(moments[-1], "nobody goes on"),
            t=moments[-1],
            started=probe.started,
        )
        await call


@pytest.mark.task(3)
async def test_cancelling_the_caller_cancels_each_request_once(lab: Lab) -> None:
    """fetch_limited: cancelling the caller cancels each running request once and waits, whatever a cleanup raises."""
    numbers = count(1)

    async def fetch(url: str) -> str:
        first = next(numbers) == 1
        await lab.pause(0.5 if first else 8)
        if first:
            raise LookupError(url)
        return url.upper()

    probe = lab.probe(fetch, cleanup=2)
    call = lab.call(kata.fetch_limited, list("abcdefgh"), probe, limit=3)
    await lab.pause(1)
    before = probe.started
    call.cancel()
    await call
    call.expect_error(
        asyncio.CancelledError,
        "The caller was cancelled, but {call} {happened}.",
        look="A CancelledError is no failure of a request. Clean up when it comes by, and let it pass on.",
    )
    left = [span for span in probe.spans[:before] if not span.cancels and span.how != "raised"]
    expect(
        not left,
        "The caller was cancelled at t=1, but {label} was not.",
        look="A request that runs in a task of its own is not cancelled with the caller: that is up to you.",
        mark=Mark(1, "the caller is cancelled"),
        label=left[0].label if left else "",
    )
    late = probe.spans[before:]
    expect(
        not late,
        "The caller was cancelled at t=1, but {label} was started at t={t}.",
        look="A cancelled caller wants nothing more: nobody may take a free slot any more.",
        mark=Mark(late[0].start if late else 1, "started for nobody"),
        label=late[0].label if late else "",
        t=late[0].start if late else 0.0,
    )
    twice = [span for span in probe.spans if span.cancels > 1]
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
    await expect_no_word_of_failing_cleanup(lab)


async def expect_no_word_of_failing_cleanup(lab: Lab) -> None:
    """Expect a cleanup that fails to change nothing: no request starts, all cleanup ends, CancelledError leaves."""
    __tracebackhide__ = True
    numbers = count(1)

    async def fetch(url: str) -> str:
        first = next(numbers) == 1
        try:
            await lab.pause(8)
        except asyncio.CancelledError:
            if first:
                await lab.pause(1)
                raise ConnectionError("connection lost") from None
            raise
        return url.upper()

    began = lab.now
    probe = lab.probe(fetch, cleanup=2)
    call = lab.call(kata.fetch_limited, list("abcdefgh"), probe, limit=3)
    await lab.pause(1)
    call.cancel()
    await call
    late = probe.spans[3:]
    expect(
        not late,
        "The caller was cancelled at t={cancelled}, the cleanup of a request raised ConnectionError at t={failed}, "
        "and {label} was started at t={t}.",
        look="What its cleanup raises hides that a request was cancelled: an `except` around it sees only a failure. "
        "Before the next url, find out whether anybody still wants it.",
        mark=Mark(late[0].start if late else 0.0, "started for nobody"),
        cancelled=began + 1,
        failed=began + 2,
        label=late[0].label if late else "",
        t=late[0].start if late else 0.0,
    )
    call.expect_error(
        asyncio.CancelledError,
        "The caller was cancelled at t={cancelled}, the cleanup of a request raised ConnectionError at t={failed}, "
        "and {call} {happened}.",
        look="Wait for cancelled requests without raising what they raise, and let the CancelledError pass on.",
        cancelled=began + 1,
        failed=began + 2,
    )
    expect(
        call.ended == began + 3,
        "The cleanup of a request failed at t={failed}, that of the others took until t={due}, "
        "but the call ended at t={ended}.",
        look="One cleanup that fails must not end the waiting for the others.",
        mark=call.end(due=began + 3),
        failed=began + 2,
        due=began + 3,
        ended=call.ended,
    )


@pytest.mark.task(3)
async def test_limit_below_one_is_refused(lab: Lab) -> None:
    """fetch_limited: a limit below 1 is a ValueError, before anything is fetched."""
    for limit in (0, -1):

        async def fetch(url: str) -> str:
            await lab.pause(1)
            return url.upper()

        probe = lab.probe(fetch)
        call = lab.call(kata.fetch_limited, ["a", "b"], probe, limit=limit)
        # Not `await call`: where nobody looks at the limit, it may never end.
        await lab.until(lambda: call.over or lab.now > 64)
        expect(
            probe.started == 0,
            "limit={limit}: {label} was started; expected a ValueError and no request at all.",
            look="Look at the limit before anything else.",
            mark=Mark(probe.spans[0].start if probe.spans else 0.0, "the first request"),
            limit=limit,
            label=probe.spans[0].label if probe.spans else "",
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
