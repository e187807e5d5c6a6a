"""What ran when: the record a check keeps, and its drawing as text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from asyncio_katas.lab.messages import Message

End = Literal["running", "returned", "raised", "cancelled"]

_END_SIGN = {"running": "…", "returned": "", "raised": "!", "cancelled": "×"}
_MAX_ROWS = 16
# Code that repeats without end makes a span each time; nobody needs them all.
_MAX_RECORDED = 100
# What stands in place of the rows that are left out.
MORE = "… and {count} more"
# What stands at the moment at which something was to happen.
EXPECTED = "expected"


@dataclass
class Span:
    """One stretch of work in loop seconds.

    `cleanup` is when its cancellation arrived, `due` when nothing stood in the way of its beginning any more.
    """

    label: str
    start: float
    end: float | None = None
    how: End = "running"
    cleanup: float | None = None
    cancels: int = 0
    due: float | None = None

    @property
    def over(self) -> bool:
        """Whether the work has ended, its cleanup included."""
        return self.end is not None


@dataclass(frozen=True)
class Mark:
    """A moment to point at, with what is to be seen there: a template for the values of the failure it belongs to.

    `due` is when it was expected.
    """

    at: float
    text: str | Message
    due: float | None = None


@dataclass
class Timeline:
    """Spans in the order in which they began, in loop seconds."""

    spans: list[Span] = field(default_factory=list)

    def begin(self, label: str, now: float) -> Span:
        """Open a span; whoever opened it closes it by setting `end` and `how`."""
        span = Span(label, now)
        self.spans.append(span)
        return span

    def record(self, now: float, mark: Mark | None) -> dict[str, Any] | None:
        """Return the timeline as plain data, or None when nothing was seen."""
        if not self.spans:
            return None
        ends = [span.end if span.end is not None else now for span in self.spans]
        marked = [mark.at, mark.due or 0.0] if mark else []
        return {
            "end": max([now, *marked, *ends]),
            "spans": [
                {
                    "label": span.label,
                    "start": span.start,
                    "end": span.end,
                    "how": span.how,
                    "cleanup": span.cleanup,
                    "due": span.due,
                }
                for span in self.spans[:_MAX_RECORDED]
            ],
            "more": max(0, len(self.spans) - _MAX_RECORDED),
            "mark": {"at": mark.at, "text": str(mark.text), "due": mark.due} if mark else None,
        }


def draw(record: dict[str, Any], width: int = 80, *, more: str = MORE, expected: str = EXPECTED) -> list[str]:
    """Draw a recorded timeline, never wider than `width` columns: one row per span, time from left to right.

    `more` says how many rows are left out, `expected` what stands at the moment that was expected.
    """
    spans = record["spans"]
    shown = spans[:_MAX_ROWS]
    mark = record["mark"]
    labels = [_cut(_printable(span["label"]), min(22, width // 3)) for span in shown]
    gutter = max([_width(label) for label in labels] + [1]) + 2
    end = record["end"] if math.isfinite(record["end"]) else 0.0
    # Below this no bar could be told from another.
    total = max(end, 1e-6)
    columns = max(1, min(60, width - gutter - 2))

    def column(moment: float) -> int:
        return round(moment / total * columns) if moment < total else columns

    lines = [_axis(gutter, columns, total, end)]
    for label, span in zip(labels, shown, strict=True):
        lines.append((label + " " * (gutter - _width(label)) + _bar(span, column, columns)).rstrip())
    hidden = len(spans) - len(shown) + record.get("more", 0)
    if hidden:
        lines.append(_cut(" " * gutter + more.format(count=hidden), width))
    if mark:
        lines.extend(_pointer("▲", mark["text"], gutter + column(mark["at"]), width))
        if mark.get("due") is not None:
            lines.extend(_pointer("△", expected, gutter + column(mark["due"]), width))
    return lines


def _bar(span: dict[str, Any], column: Callable[[float], int], columns: int) -> str:
    start = column(span["start"])
    end = columns if span["end"] is None else column(span["end"])
    turn = end if span["cleanup"] is None else column(span["cleanup"])
    body = "█" * max(turn - start, 0) + "░" * max(end - turn, 0)
    if not body:
        body = "▏"
    due = start if span.get("due") is None else min(column(span["due"]), start)
    return " " * due + "┈" * (start - due) + body + _END_SIGN[span["how"]]


def _axis(gutter: int, columns: int, total: float, end: float) -> str:
    if not end:
        return "t".ljust(gutter) + "0"
    step = tick(total, columns / 7)
    cells = [" "] * (columns + 8)
    count = 0
    while count * step <= total * 1.0001:
        text = f"{count * step:g}"
        at = round(count * step / total * columns)
        if at + len(text) <= columns + 2:
            cells[at : at + len(text)] = text
        count += 1
    return ("t".ljust(gutter) + "".join(cells)).rstrip()


def tick(total: float, most: float) -> float:
    """Return the smallest round step, of 1, 2 or 5 and zeros, that fits into `total` at most `most` times."""
    step = 10.0**-6
    while True:
        for factor in (1, 2, 5):
            if total / (step * factor) <= most:
                return step * factor
        step *= 10


def _pointer(sign: str, text: str, offset: int, width: int) -> list[str]:
    text = _printable(text)
    if offset + 2 + _width(text) <= width:
        return [f"{'':{offset}}{sign} {text}"]
    if _width(text) + 2 <= offset + 1:
        return [f"{'':{offset - _width(text) - 1}}{text} {sign}"]
    return [f"{'':{offset}}{sign}", _cut(text, width)]


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    text = text[: max(width, 0)]
    while text and _width(text) >= width:
        text = text[:-1]
    return text + "…" if width > 0 else ""


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese signs take two."""
    return len(text) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "·" for sign in text)
