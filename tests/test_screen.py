"""The screen of `katas watch`, laid out for windows of any size."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import Check, CheckResult, Finding, Kata, KataResult, Outcome, Task
from asyncio_katas.rendering.screen import Showing, View, render

HERE = Path("/course")


def result(number: int, *outcomes: Outcome) -> KataResult:
    """Return a kata with these outcomes, half of its checks in each of two tasks."""
    checks = tuple(
        Check(f"test_{at}", f"function_{at}: what holds of it, in many words that need room.", 1 + at % 2, 10.0)
        for at in range(len(outcomes))
    )
    folder = HERE / "katas" / f"{number:02}_kata"
    tasks = (Task(1, "The one", 2, ("a", "b")), Task(2, "The other", 3, ()))
    kata = Kata(number, "kata", f"Kata number {number}", folder, tasks, checks, (), "", "")
    findings = {
        outcome: Finding(outcome, Message("It ended at t=4. " * 5), Message("Look here."))
        if outcome is not Outcome.PASSED
        else Finding(outcome)
        for outcome in Outcome
    }
    results = tuple(CheckResult(check, findings[how], 0, 1) for check, how in zip(checks, outcomes, strict=True))
    whole = outcomes[0] if len(set(outcomes)) == 1 else Outcome.FAILED
    return KataResult(kata, folder / "kata.py", whole, results, "process", 0.1)


def rows(view: View, width: int = 80, height: int = 24, scroll: int = 0) -> list[str]:
    """Return the lines of a screen."""
    return [line.plain for line in render(view, width=width, height=height, scroll=scroll, here=HERE).lines]


@given(
    outcomes=st.lists(st.sampled_from(Outcome), min_size=1, max_size=14),
    pending=st.sets(st.integers(0, 13)),
    katas=st.integers(1, 13),
    showing=st.sampled_from(Showing),
    width=st.integers(20, 200),
    height=st.integers(1, 60),
    scroll=st.integers(0, 100),
    cursor=st.integers(0, 12),
    note=st.sampled_from(["", "A note. " * 20]),
)
@example(  # The last row of the note is nothing but the blank at its end.
    outcomes=[Outcome.PASSED],
    pending=set(),
    katas=1,
    showing=Showing.KATA,
    width=31,
    height=1,
    scroll=0,
    cursor=0,
    note="A note. " * 20,
)
def test_a_screen_fits_its_window(
    *,
    outcomes: list[Outcome],
    pending: set[int],
    katas: int,
    showing: Showing,
    width: int,
    height: int,
    scroll: int,
    cursor: int,
    note: str,
) -> None:
    """No line is wider, and there are no more lines, than the window has; where there is room all are used."""
    work = result(1, *outcomes)
    view = View(
        (work, *(result(number, Outcome.NOT_STARTED) for number in range(2, katas + 1))),
        work,
        pending=frozenset(f"test_{at}" for at in pending),
        showing=showing,
        cursor=min(cursor, katas - 1),
        notes=(note,) if note else (),
        answer=("Answer 1 of 1", "x = 1\n" * 70),
    )
    seen = rows(view, width, height, scroll)
    assert len(seen) <= height
    assert all(cell_len(row) <= width for row in seen)
    if height >= 24 and width >= 80:
        assert len(seen) == height
        assert seen[-1].endswith("q quit")
        assert showing is not Showing.LIST or any(row.startswith("→") for row in seen)


def test_the_first_failure_stands_above_the_list() -> None:
    work = result(1, Outcome.PASSED, Outcome.FAILED, Outcome.FAILED)
    seen = rows(View((work,), work))
    assert seen[2].startswith("✓✗ ✗  1 of 3 checks pass")
    assert seen[4].startswith("✗ function_1:")


def test_what_is_cut_is_counted_and_can_be_scrolled_to() -> None:
    work = result(1, *[Outcome.FAILED] * 14)
    view = View((work,), work)
    first = rows(view)
    left = int(next(row for row in first if row.startswith("↓")).split()[1])
    last = rows(view, scroll=left)
    assert not any(row.startswith("↓") for row in last)
    assert last == rows(view, scroll=1000), "nobody scrolls beyond the end"


@pytest.mark.parametrize("pending", [frozenset({"test_1"}), frozenset({"test_1", "test_2"})])
def test_a_check_without_a_verdict_is_no_failure(pending: frozenset[str]) -> None:
    work = result(1, Outcome.PASSED, Outcome.NOT_RUN, Outcome.NOT_RUN if len(pending) == 2 else Outcome.PASSED)
    seen = rows(View((work,), work, pending=pending, checking=True))
    assert seen[4] == f"Checking: {3 - len(pending)} of 3 checks so far."
    assert "○" in seen[2]
    assert "checking…" in seen[2]
