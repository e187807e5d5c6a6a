"""The drawn timeline: never wider than asked, whatever the labels and times are."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from asyncio_katas.lab.timeline import Mark, Timeline, draw, unexplained


def columns(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in line)
    return len(line) + wide


def timeline(*spans: tuple[str, float, float | None], how: str = "returned", now: float | None = None) -> Any:
    """Return a timeline's record as a function of the mark."""
    seen = Timeline()
    for label, start, end in spans:
        span = seen.begin(label, start)
        if end is not None:
            span.end, span.how = end, how  # type: ignore[assignment]
    last = now if now is not None else max([end or start for _, start, end in spans], default=0)
    return lambda mark=None: seen.record(last, mark)


RECORDS = {
    "plain": timeline(("a", 0, 1), ("b", 0, 2)),
    "zero length": timeline(("a", 0, 0), ("b", 5, 5), ("c", 2, 2)),
    "one moment": timeline(("a", 3, 3)),
    "raised at the end": timeline(("a", 10, 10), ("b", 0, 10), how="raised"),
    "running": timeline(("a", 0, None), ("b", 3, None), now=7),
    "many": timeline(*[(f"url {n}", n, n + 1) for n in range(500)]),
    "long label": timeline(("x" * 5000, 0, 1), ("", 0, 1)),
    "hostile label": timeline(("a\nb\r\tc\x1b[31m\x00", 0, 1), ("\u202eabc", 0, 1)),
    "wide label": timeline(("请求" * 30, 0, 1), ("请求", 0, 3)),
    "huge times": timeline(("a", 1e15, 1e15 + 1), ("b", 0, 1e18)),
    "tiny times": timeline(("a", 0, 1e-12), ("b", 1e-13, 1e-12)),
    "three days": timeline(("a", 0, 259_200.0), ("b", 259_199.99, 259_200.0)),
    "odd times": timeline(("a", 0.1, 0.1 + 0.2), ("b", 1 / 3, 2 / 3)),
    "infinite": timeline(("a", 0, float("inf")), ("b", 0, 1)),
}

MARKS = [
    None,
    Mark(0, "here"),
    Mark(1.5, "x" * 300),
    Mark(1e19, "late"),
    Mark(0.5, "请求" * 40),
    Mark(0.5, "two\nlines\x1b[0m"),
    Mark(0.7, ""),
    Mark(1, "ended", due=2),
    Mark(2, "请求" * 40, due=0),
]


@pytest.mark.parametrize("width", [10, 20, 30, 40, 80, 200])
@pytest.mark.parametrize("name", RECORDS)
def test_drawing_keeps_its_width(name: str, width: int) -> None:
    """No line is wider than asked, none holds a control character, and one span takes one line."""
    for mark in MARKS:
        record = RECORDS[name](mark)
        lines = draw(record, width)
        assert [line for line in lines if columns(line) > width] == []
        assert [line for line in lines if any(unicodedata.category(sign) in {"Cc", "Cf"} for sign in line)] == []
        rows = min(16, len(record["spans"])) + (len(record["spans"]) > 16)
        marks = 0 if mark is None else 1 if mark.due is None else 2
        assert 1 + rows + marks <= len(lines) <= 1 + rows + 2 * marks


def test_bars_stand_at_their_times() -> None:
    """Bars of equal length are drawn equally long, later ones further right, and the axis counts seconds."""
    record = timeline(("a", 0, 1), ("b", 1, 2), ("c", 2, 4))()
    axis, first, second, third = draw(record, 80)
    assert axis.split() == ["t", "0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4"] or axis.split()[:2] == ["t", "0"]
    assert first.count("█") == second.count("█") == third.count("█") / 2
    assert second.index("█") == first.rindex("█") + 1
    assert third.index("█") == second.rindex("█") + 1


def test_nothing_seen_is_no_timeline() -> None:
    """Without a span there is no timeline."""
    assert Timeline().record(3, None) is None


def test_what_takes_no_time_is_no_timeline() -> None:
    """Where nothing took any time there is nothing to draw."""
    assert timeline(("a", 0, 0), ("b", 0, 0))() is None
    assert timeline(("a", 0, 0))(Mark(0, "here")) is None
    assert timeline(("a", 0, 0))(Mark(0, "here", due=1)) is not None


def test_a_closed_timeline_stays_as_it_was() -> None:
    """What is cancelled when a check is cleared away was still running when the check ended."""
    seen = Timeline()
    running, cleaning = seen.begin("running", 0), seen.begin("cleaning up", 1)
    cleaning.how, cleaning.cleanup = "cancelled", 2
    seen.close(4)
    for span in (running, cleaning):
        span.how, span.end = "cancelled", 5
    seen.begin("afterwards", 5)
    record = seen.record(9, None)
    assert record is not None
    _axis, first, second = draw(record, 80)
    assert record["end"] == 4
    assert first.endswith("█…")
    assert second.endswith("░…")
    assert unexplained(record["spans"]) == ["running", "cleanup"]


def test_the_rows_nearest_to_the_mark_are_drawn() -> None:
    """Of many rows those are shown that began or ended around the moment to look at; without one, the last."""
    spans = [(f"row {n}", float(n), n + 1.0) for n in range(40)]
    around = draw(timeline(*spans)(Mark(20, "here")), 80)
    assert [row.split()[1] for row in around if row.startswith("row ")] == [str(n) for n in range(12, 28)]
    last = draw(timeline(*spans)(), 80)
    assert [row.split()[1] for row in last if row.startswith("row ")] == [str(n) for n in range(24, 40)]


def test_the_axis_ends_with_what_is_drawn() -> None:
    """Time that passes after everything has ended is not drawn."""
    assert timeline(("a", 0, 1), now=80)()["end"] == 1
    assert timeline(("a", 0, None), now=80)()["end"] == 80


def test_cancellation_and_cleanup_are_visible() -> None:
    """A cancelled span ends with its sign, and its cleanup is drawn lighter."""
    seen = Timeline()
    span = seen.begin("a", 0)
    span.cleanup, span.end, span.how = 1, 2, "cancelled"
    record = seen.record(2, None)
    assert record is not None
    row = draw(record, 80)[1]
    assert row.count("█") == row.count("░") > 0
    assert row.endswith("×")


def test_an_expected_moment_has_its_own_mark() -> None:
    """Below the moment that was seen stands the one that was expected, each where it belongs."""
    lines = draw(timeline(("a", 0, 4))(Mark(4, "the call ends", due=2)), 80)
    assert lines[-2].endswith("the call ends ▲") or lines[-2].endswith("▲ the call ends")
    assert lines[-1].strip() == "△ expected"
    gutter = lines[1].index("█")
    assert (lines[-1].index("△") - gutter) * 2 == lines[-2].index("▲") - gutter


def test_a_moment_beyond_all_spans_is_in_the_picture() -> None:
    """What was expected later than anything that happened is drawn too."""
    record = timeline(("a", 0, 1))(Mark(1, "the call ends", due=4))
    assert record["end"] == 4
    assert draw(record, 80)[1].count("█") * 4 == 60


def test_needless_waiting_is_drawn() -> None:
    """Before a span that could have begun earlier stands since when; one that was early has nothing before it."""
    seen = Timeline()
    for due, start in ((0, 2), (3, 1), (None, 1)):
        span = seen.begin("a", start)
        span.due, span.end, span.how = due, 4, "returned"
    late, early, free = draw(seen.record(4, None) or {}, 80)[1:]
    assert late.count("┈") == late.count("█") > 0
    assert "┈" not in early + free
