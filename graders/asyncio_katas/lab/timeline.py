"""What ran when: the record a check keeps, and its drawing as text."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from asyncio_katas.lab.messages import Message

End = Literal["running", "returned", "raised", "cancelled"]

# Of each ending, and of what stands in or before a bar: its sign, and its words.
MEANING = {
    "returned": ("", "returned"),
    "raised": ("!", "raised an exception"),
    "cancelled": ("×", "was cancelled"),
    "running": ("…", "was still running"),
    "cleanup": ("░", "was cleaning up"),
    "due": ("┈", "could have begun already"),
}
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
    _closed_at: float | None = None

    def close(self, now: float) -> None:
        """Keep everything as it is now: what happens when a check is cleared away is nothing that it has seen."""
        self.keep()
        self._closed_at = now

    def keep(self) -> None:
        """Let nobody change what was recorded so far: the loop it was recorded on comes to its end."""
        self.spans = [replace(span) for span in self.spans]

    def begin(self, label: str, now: float) -> Span:
        """Open a span; whoever opened it closes it by setting `end` and `how`."""
        span = Span(label, now)
        if self._closed_at is None:
            self.spans.append(span)
        return span

    def record(self, now: float, mark: Mark | None) -> dict[str, Any] | None:
        """Return the timeline as plain data, or None when nothing was seen, or nothing that took any time."""
        now = now if self._closed_at is None else self._closed_at
        ends = [span.end if span.end is not None else now for span in self.spans]
        marked = [mark.at, mark.due or 0.0] if mark else []
        end = max([*marked, *ends], default=0.0)
        if not self.spans or not end:
            return None
        spans = [
            {
                "label": span.label,
                "start": span.start,
                "end": span.end,
                "how": span.how,
                "cleanup": span.cleanup,
                "due": span.due,
            }
            for span in self.spans
        ]
        return {
            "end": end,
            "spans": nearest(spans, _MAX_RECORDED, mark.at if mark else None),
            "more": max(0, len(self.spans) - _MAX_RECORDED),
            "mark": {"at": mark.at, "text": str(mark.text), "due": mark.due} if mark else None,
        }


def nearest(spans: Sequence[dict[str, Any]], count: int, moment: float | None) -> list[dict[str, Any]]:
    """Return so many spans, of those that began or ended nearest to a moment; without one, the last ones."""
    if moment is None or len(spans) <= count:
        return list(spans[-count:])

    def distance(place: int) -> tuple[float, float, int]:
        start, end = spans[place]["start"], spans[place]["end"]
        edges = [abs(start - moment), math.inf if end is None else abs(end - moment)]
        covers = start <= moment and (end is None or moment <= end)
        return 0.0 if covers else min(edges), min(edges), -place

    return [spans[place] for place in sorted(sorted(range(len(spans)), key=distance)[:count])]


def unexplained(spans: Sequence[dict[str, Any]]) -> list[str]:
    """Return of which parts of a drawing somebody may ask what they mean: keys of `MEANING`, in its order."""
    found = {ending(span) for span in spans} - {"returned"}
    if any(span["cleanup"] is not None and span["cleanup"] != span["end"] for span in spans):
        found.add("cleanup")
    if any(span.get("due") is not None and span["due"] < span["start"] for span in spans):
        found.add("due")
    return [what for what in MEANING if what in found]


def shown(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the spans of a record that its drawing has room for."""
    return nearest(record["spans"], _MAX_ROWS, record["mark"]["at"] if record["mark"] else None)


def ending(span: dict[str, Any]) -> str:
    """Return how a span ended; what was still cleaning up has not."""
    return "running" if span["end"] is None else str(span["how"])


def draw(record: dict[str, Any], width: int = 80, *, more: str = MORE, expected: str = EXPECTED) -> list[str]:
    """Draw a recorded timeline, never wider than `width` columns: one row per span, time from left to right.

    `more` says how many rows are left out, `expected` what stands at the moment that was expected.
    """
    spans, rows = record["spans"], shown(record)
    mark = record["mark"]
    labels = [_cut(_printable(span["label"]), min(22, width // 3)) for span in rows]
    gutter = max([_width(label) for label in labels] + [1]) + 2
    end = record["end"] if math.isfinite(record["end"]) else 0.0
    # Below this no bar could be told from another.
    total = max(end, 1e-6)
    columns = max(1, min(60, width - gutter - 2))

    def column(moment: float) -> int:
        return round(moment / total * columns) if moment < total else columns

    lines = [_axis(gutter, columns, total, end)]
    for label, span in zip(labels, rows, strict=True):
        lines.append((label + " " * (gutter - _width(label)) + _bar(span, column, columns)).rstrip())
    hidden = len(spans) - len(rows) + record.get("more", 0)
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
    return " " * due + "┈" * (start - due) + body + MEANING[ending(span)][0]


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
