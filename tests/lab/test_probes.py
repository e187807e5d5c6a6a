"""Probes, calls and gates: they record what happens, and never raise into the code under test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from asyncio_katas.lab import Lab
from asyncio_katas.lab.clock import VirtualLoop
from asyncio_katas.lab.messages import CheckFailed
from asyncio_katas.lab.timeline import Mark, draw
from asyncio_katas.lab.verdicts import judge

Main = Callable[[], Coroutine[Any, Any, Any]]


def run(main: Main) -> Any:
    """Run a coroutine function on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())


def test_probe_records_its_runs() -> None:
    """A probe records start, end and way of ending of each run in loop time, and the most runs in flight."""

    async def main() -> None:
        lab = Lab()

        async def fetch(url: str, seconds: float) -> str:
            await lab.pause(seconds)
            if url == "bad":
                raise LookupError(url)
            return url.upper()

        probe = lab.probe(fetch, label=lambda url, seconds: url)
        task = asyncio.create_task(probe("slow", 100))
        await asyncio.gather(probe("a", 1), probe("bad", 2), return_exceptions=True)
        task.cancel()
        await asyncio.wait([task])
        seen = [(span.label, span.start, span.end, span.how) for span in probe.spans]
        assert sorted(seen) == [("a", 0, 1, "returned"), ("bad", 0, 2, "raised"), ("slow", 0, 2, "cancelled")]
        assert (probe.peak, probe.peak_at, probe.running, probe.started) == (3, 0, 0, 3)
        assert [span.label for span in probe.ended("raised")] == ["bad"]

    run(main)


def test_probe_takes_its_time_to_clean_up() -> None:
    """A cancelled run lets the cancellation out after its cleanup, counts every cancellation, and stays in flight."""

    async def main() -> None:
        lab = Lab()
        probe = lab.probe(lambda: asyncio.sleep(100), name="job", cleanup=3)
        task = asyncio.create_task(probe())
        await lab.pause(1)
        task.cancel()
        await lab.pause(1)
        assert probe.running == 1
        await asyncio.wait([task])
        assert [(span.cleanup, span.end, span.cancels, span.how) for span in probe.spans] == [(1, 4, 1, "cancelled")]
        assert task.cancelled()

    run(main)


class Odd:
    """Breaks whoever shows it."""

    def __repr__(self) -> str:
        raise SystemExit

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError


@pytest.mark.parametrize(
    "label",
    [
        None,
        lambda value: value,
        lambda value: 1 / 0,
        lambda: "",
        lambda value: None,
        lambda value: exec("raise SystemExit"),
    ],
)
@pytest.mark.parametrize("make", [int, list, str, bytes, Odd, lambda: [Odd()]])
def test_probe_raises_nothing_of_its_own(label: Any, make: Callable[[], Any]) -> None:
    """Whatever arguments a probe gets, its caller sees what the wrapped function does, and it can be drawn."""

    async def main() -> None:
        lab = Lab()

        async def echo(value: Any) -> Any:
            return value

        probe = lab.probe(echo, label=label)
        value = make()
        assert await probe(value) is value
        record = lab.timeline.record(lab.now, Mark(1, "later"))
        assert record is not None
        assert len(draw(record)) == 3

    run(main)


def test_wrong_arguments_give_the_functions_own_error() -> None:
    """A probe called wrongly raises what the wrapped function raises, and records it."""

    async def main() -> None:
        lab = Lab()

        async def fetch(url: str) -> str:
            return url

        probe = lab.probe(fetch, label=lambda url: url)
        with pytest.raises(TypeError, match="fetch"):
            await probe()  # type: ignore[call-arg]
        assert [span.how for span in probe.spans] == ["raised"]

    run(main)


def test_call_never_raises_into_the_check() -> None:
    """Awaiting a call gives the call, however the function ended; its value or error is there to look at."""

    async def main() -> None:
        lab = Lab()

        async def good() -> int:
            await lab.pause(2)
            return 7

        async def bad() -> None:
            raise LookupError("no")

        async def leaves() -> None:
            raise SystemExit(3)

        call = await lab.call(good)
        assert (call.value, call.error, call.ended, call.over) == (7, None, 2, True)
        call.expect_value(7)
        with pytest.raises(CheckFailed, match="returned 7, expected True"):
            call.expect_value(True)
        failed = await lab.call(bad)
        failed.expect_error(LookupError)
        with pytest.raises(CheckFailed, match="raised LookupError: no, expected ValueError"):
            failed.expect_error(ValueError)
        with pytest.raises(LookupError):
            failed.expect_value(7)
        assert isinstance((await lab.call(leaves)).error, SystemExit)

    run(main)


def test_wrong_signature_and_wrong_result_are_explained() -> None:
    """A function that cannot be called as the contract says, or gives nothing to await, is told in words."""

    async def main() -> None:
        lab = Lab()

        async def narrow() -> None:
            return None

        with pytest.raises(CheckFailed, match="cannot be called as"):
            lab.call(narrow, 1)
        with pytest.raises(CheckFailed, match="instead of something to await"):
            lab.call(lambda: 3)  # type: ignore[arg-type, return-value]

    run(main)


def test_cancelled_call_ends() -> None:
    """A cancelled call ends as cancelled at that moment."""

    async def main() -> None:
        lab = Lab()
        call = lab.call(asyncio.sleep, 100)
        await lab.pause(3)
        call.cancel()
        await call
        assert isinstance(call.error, asyncio.CancelledError)
        assert call.ended == 3

    run(main)


def test_busy_time_passes_at_once_and_is_drawn() -> None:
    """A busy check lets loop time pass without anybody else getting a turn, and it is a span of the timeline."""

    async def main() -> None:
        lab = Lab()
        turns: list[float] = []

        async def other() -> None:
            turns.append(lab.now)

        task = asyncio.create_task(other())
        lab.busy(2)
        assert (lab.now, turns) == (2, [])
        await task
        assert turns == [2]
        assert [(span.label, span.start, span.end, span.how) for span in lab.timeline.spans] == [
            ("busy", 0, 2, "returned")
        ]

    run(main)


def test_gate_holds_until_opened() -> None:
    """A gate holds coroutines until it is opened, lets later ones pass, and forgives cancelled ones."""

    async def main() -> None:
        lab = Lab()
        gate = lab.gate()

        async def through() -> float:
            await gate
            return lab.now

        waiting = [asyncio.create_task(through()) for _ in range(3)]
        await lab.pause(2)
        waiting[0].cancel()
        await lab.turns(2)
        gate.open()
        gate.open()
        assert [await waiting[1], await waiting[2], await through()] == [2, 2, 2]
        assert waiting[0].cancelled()

    run(main)


def test_pause_and_turns_are_exact() -> None:
    """A pause takes exactly its time; turns take none, and let every ready task run at least that often."""

    async def main() -> None:
        lab = Lab()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(tick())
        await lab.turns(5)
        assert ticks >= 5
        assert lab.now == 0
        task.cancel()
        await lab.pause(0.1)
        assert lab.now == 0.1

    run(main)


def test_an_attempt_keeps_what_came_of_it() -> None:
    """A synchronous function is called at once; its value and its exception wait for the check."""
    lab = Lab()
    assert lab.attempt(int, "ff", base=16).value == 255
    failure = lab.attempt(int, "no number")
    assert isinstance(failure.error, ValueError)
    assert str(failure.happened).startswith("raised ValueError")
    failure.expect_error(ValueError)
    with pytest.raises(CheckFailed, match="returned 255, expected 256"):
        lab.attempt(int, "255").expect_value(256)


def test_an_attempt_explains_a_wrong_signature() -> None:
    """Arguments that do not fit are a matter of the signature, not an exception of the code's own."""

    def answer(question: str) -> str:
        return question

    lab = Lab()
    with pytest.raises(CheckFailed, match=r"answer cannot be called as .*answer\('a', 'b'\)"):
        lab.attempt(answer, "a", "b")


@pytest.mark.parametrize(
    ("due", "mark"),
    [
        ((0, 2), None),
        ((0, 1), Mark(2, "this one begins", 1)),
        ((0, 3), Mark(2, "this one begins", 3)),
        ((0, 2, 4), Mark(4, "one more was to begin")),
        ((0,), Mark(2, "one too many")),
        ((), Mark(0, "one too many")),
    ],
)
def test_due_marks_the_first_run_off_its_moment(due: tuple[float, ...], mark: Mark | None) -> None:
    """What each run's beginning should have been is noted, and the first that differs is marked."""

    async def main() -> None:
        lab = Lab()
        probe = lab.probe(lambda: lab.pause(2), name="job")
        await probe()
        await probe()
        assert probe.due(*due) == mark
        assert [span.due for span in probe.spans] == [*due[:2], None, None][:2]

    run(main)


def test_the_end_of_a_call_can_be_marked() -> None:
    """A call knows when it ended; an exception that crashes the check is marked at the moment it left the call."""

    async def main() -> None:
        lab = Lab()

        async def fails() -> None:
            await lab.pause(3)
            raise LookupError("no such page")

        call = await lab.call(fails)
        assert call.end(due=2) == Mark(3, "the call ends", 2)
        await lab.pause(5)
        assert call.error is not None
        timeline = judge(call.error, lab).timeline
        assert timeline is not None
        assert timeline["mark"] == {"at": 3, "text": "LookupError", "due": None}
        other = judge(LookupError("from elsewhere"), lab).timeline
        assert other is not None
        assert other["mark"] is None

    run(main)
