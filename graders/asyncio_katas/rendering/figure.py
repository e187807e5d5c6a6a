"""The timeline as a figure: an SVG that is read at any width, and the same facts as sentences and as a table.

Times are places in per cent, rows and letters are measured in em: nothing has to be scaled, so letters keep their size
on a phone and grow with the reader's own settings.
"""

from __future__ import annotations

import math
from typing import Any
from xml.etree.ElementTree import Element

from asyncio_katas.lab.messages import moment
from asyncio_katas.lab.timeline import EXPECTED, MEANING, MORE, ending, nearest, tick, unexplained
from asyncio_katas.language import say, translate
from asyncio_katas.rendering.markup import tag

_MAX_ROWS = 40
# Below this many seconds no bar could be told from another.
_INSTANT = 1e-6
# Heights in em: a row, its bar, and the axis above.
_ROW, _BAR, _AXIS = 2.0, 1.1, 2.0
# The narrowest plot, a letter of the axis and the gap between two numbers, in pixels.
_PLOT_PX, _LETTER_PX, _GAP_PX = 170, 8, 14


def figure(record: dict[str, Any], name: str) -> Element:
    """Return the figure of a recorded timeline; `name` makes its ids unique in the page."""
    spans, mark = record["spans"], record["mark"]
    shown = nearest(spans, _MAX_ROWS, mark["at"] if mark else None)
    hidden = max(0, len(spans) - _MAX_ROWS) + record.get("more", 0)
    labels = [tag("li", None, span["label"] or "·") for span in shown]
    return tag(
        "figure",
        {"class": "timeline"},
        tag("figcaption", None, say("What ran when, in seconds of the event loop’s clock")),
        tag(
            "div",
            {"class": "chart"},
            tag("ol", {"class": "labels", "aria-hidden": "true"}, *labels),
            _plot(record, shown, name),
            _pointer("▲", mark["at"], mark["text"], record) if mark else None,
            _pointer("△", mark["due"], translate(EXPECTED), record) if mark and mark.get("due") is not None else None,
        ),
        tag("p", {"class": "more"}, say(MORE, count=hidden)) if hidden else None,
        _legend(shown),
        _table(spans, mark),
    )


def symbols() -> Element:
    """Return what all figures of a page share: the hatching of time spent cleaning up."""
    hatch = tag(
        "pattern",
        {
            "id": "cleanup",
            "width": "6",
            "height": "6",
            "patternUnits": "userSpaceOnUse",
            "patternTransform": "rotate(45)",
        },
        tag("rect", {"class": "hatch-ground", "width": "6", "height": "6"}),
        tag("rect", {"class": "hatch-line", "width": "2.5", "height": "6"}),
    )
    return tag(
        "svg", {"class": "symbols", "aria-hidden": "true", "width": "0", "height": "0"}, tag("defs", None, hatch)
    )


def _plot(record: dict[str, Any], shown: list[dict[str, Any]], name: str) -> Element:
    height = _AXIS + _ROW * len(shown)
    total = _total(record)
    steps = _ticks(total)
    lines = [_line("grid", _percent(at, total), _AXIS, height) for at in steps]
    numbers = [tag("text", {"class": "tick", "x": _percent(at, total), "y": _em(1.2)}, f"{at:g}") for at in steps]
    bars = [part for row, span in enumerate(shown) for part in _span(span, _AXIS + _ROW * row, total)]
    return tag(
        "svg",
        {
            "class": "plot",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
            "width": "100%",
            "height": _em(height),
        },
        tag("title", {"id": f"{name}-title"}, say("Timeline of the failed check")),
        tag("desc", {"id": f"{name}-desc"}, _description(record)),
        *lines,
        *numbers,
        *bars,
        *_moments(record["mark"], total, height),
    )


def _span(span: dict[str, Any], top: float, total: float) -> list[Element]:
    """Return the marks of one row: the wait before it, the work, its cleanup, and how it ended."""
    start = span["start"]
    end = total if span["end"] is None else span["end"]
    turn = end if span["cleanup"] is None else span["cleanup"]
    middle, above = top + _ROW / 2, top + (_ROW - _BAR) / 2
    parts = []
    if span.get("due") is not None and span["due"] < start:
        x1, x2 = _percent(span["due"], total), _percent(start, total)
        parts.append(tag("line", {"class": "due", "x1": x1, "x2": x2, "y1": _em(middle), "y2": _em(middle)}))
    for kind, begin, over in (("work", start, turn), ("cleanup", turn, end)):
        if over > begin:
            place = {"x": _percent(begin, total), "width": _percent(over - begin, total), "y": _em(above)}
            parts.append(tag("rect", {"class": kind, **place, "height": _em(_BAR)}))
    parts.append(_line("start", _percent(start, total), above, above + _BAR))
    how = ending(span)
    sign = MEANING[how][0]
    if how in {"raised", "cancelled"}:
        parts.append(_line("cap", _percent(end, total), above, above + _BAR))
    if sign:
        place = {"x": _percent(end, total), "y": _em(middle), "dx": "0.3em", "dy": "0.36em"}
        parts.append(tag("text", {"class": f"end {how}", **place}, sign))
    return parts


def _moments(mark: dict[str, Any] | None, total: float, height: float) -> list[Element]:
    if not mark:
        return []
    lines = [_line("moment", _percent(mark["at"], total), _AXIS - 0.4, height)]
    if mark.get("due") is not None:
        lines.insert(0, _line("moment-due", _percent(mark["due"], total), _AXIS - 0.4, height))
    return lines


def _line(kind: str, x: str, top: float, bottom: float) -> Element:
    return tag("line", {"class": kind, "x1": x, "x2": x, "y1": _em(top), "y2": _em(bottom)})


def _pointer(sign: str, at: float, text: str, record: dict[str, Any]) -> Element:
    """Return a text below the plot that points at a moment: it runs to where there is more room."""
    total = _total(record)
    side = "right" if min(at, total) * 2 <= total else "left"
    kind = "pointer" if sign == "▲" else "pointer expected"
    parts = [tag("b", {"aria-hidden": "true"}, sign), tag("span", None, f"t={moment(at)}: {text}")]
    style = f"--at: {_percent(at, total)}"
    return tag("p", {"class": f"{kind} {side}", "style": style}, *(parts if side == "right" else reversed(parts)))


def _legend(shown: list[dict[str, Any]]) -> Element | None:
    """Return what the signs mean that occur in this figure."""
    parts = []
    for what in unexplained(shown):
        sign, words = MEANING[what]
        shape = _key(what) if what in {"cleanup", "due"} else tag("b", {"class": f"end {what}"}, sign)
        parts.append(tag("li", None, shape, f" {translate(words)}"))
    return tag("ul", {"class": "legend"}, *parts) if parts else None


def _key(kind: str) -> Element:
    if kind == "due":
        shape = tag("line", {"class": kind, "x1": "0", "x2": "100%", "y1": "50%", "y2": "50%"})
    else:
        shape = tag("rect", {"class": kind, "width": "100%", "height": "100%"})
    return tag("svg", {"class": "key", "aria-hidden": "true"}, shape)


def _table(spans: list[dict[str, Any]], mark: dict[str, Any] | None) -> Element:
    columns = [say("What"), say("From"), say("Until"), say("How it ended")]
    head = tag("tr", None, *(tag("th", {"scope": "col"}, column) for column in columns))
    rows = [
        tag(
            "tr",
            None,
            tag("th", {"scope": "row"}, span["label"] or "·"),
            tag("td", None, moment(span["start"])),
            tag("td", None, "–" if span["end"] is None else moment(span["end"])),
            tag("td", None, _ending(span)),
        )
        for span in spans
    ]
    caption = tag("caption", None, _marked(mark)) if mark else None
    table = tag("table", None, caption, tag("thead", None, head), tag("tbody", None, *rows))
    return tag("details", {"class": "as-table"}, tag("summary", None, say("The timeline as a table")), table)


def _ending(span: dict[str, Any]) -> str:
    parts = [translate(MEANING[ending(span)][1])]
    if span["cleanup"] is not None and span["cleanup"] != span["end"]:
        parts.append(f"{translate(MEANING['cleanup'][1])} (t={moment(span['cleanup'])})")
    if span.get("due") is not None and span["due"] < span["start"]:
        parts.append(f"{translate(MEANING['due'][1])} (t={moment(span['due'])})")
    return "; ".join(parts)


def _description(record: dict[str, Any]) -> str:
    template = "{count} stretches of work from t=0 to t={end}; the table below the figure lists them."
    said = say(template, count=len(record["spans"]) + record.get("more", 0), end=moment(record["end"]))
    return f"{said} {_marked(record['mark'])}" if record["mark"] else said


def _marked(mark: dict[str, Any]) -> str:
    template = "Marked is t={at}: {text}."
    if mark.get("due") is not None:
        template = "Marked is t={at}: {text}; expected was t={due}."
    return say(template, at=moment(mark["at"]), text=mark["text"], due=moment(mark.get("due") or 0.0))


def _ticks(total: float) -> list[float]:
    """Return the moments the axis names: as many as the narrowest screen has room for."""
    if total <= _INSTANT:
        return [0.0]
    for most in (8, 6, 5, 4, 3, 2):
        step = tick(total, most)
        moments = [count * step for count in range(int(total / step * 1.0001) + 1)]
        longest = max(len(f"{at:g}") for at in moments)
        if len(moments) * (longest * _LETTER_PX + _GAP_PX) <= _PLOT_PX:
            break
    return moments


def _total(record: dict[str, Any]) -> float:
    end = float(record["end"])
    return max(end, _INSTANT) if math.isfinite(end) else _INSTANT


def _percent(at: float, total: float) -> str:
    return f"{min(max(at / total, 0.0), 1.0) * 100:.2f}%"


def _em(number: float) -> str:
    return f"{number:.2f}em"
