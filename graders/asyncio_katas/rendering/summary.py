"""What a learner keeps after the last kata: a table in Markdown and at the terminal, and a badge in SVG."""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from asyncio_katas.language import say
from asyncio_katas.progress import Progress
from asyncio_katas.records import KataResult, Report
from asyncio_katas.rendering.page import Page, show

_MARKDOWN = """\
# {title}

![{badge}](badge.svg)

{said}

| {kata} | {first} | {hints} | {checks} | {points} |
|---|---|---:|---:|---:|
{rows}
"""
# Widths follow the font's average, and `textLength` makes whatever font there is keep to them.
_BADGE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-labelledby="title desc">
  <title id="title">{title}</title>
  <desc id="desc">{desc}</desc>
  <clipPath id="round"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{left}" height="20" fill="#24292f"/>
    <rect x="{left}" width="{right}" height="20" fill="#1a7f37"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" aria-hidden="true">
    <text x="6" y="14" textLength="{left_text}">{label}</text>
    <text x="{start}" y="14" textLength="{right_text}">{value}</text>
  </g>
</svg>
"""
_COLUMN = 6.3


def terminal(report: Report, progress: Progress, kept: Path) -> None:
    """Print the summary, and where it is kept."""

    def fill(page: Page) -> None:
        page.paragraph(_said(report, progress), "bold green")
        page.line()
        rows = [_titles(), *(_row(result, progress) for result in report.katas), _total(report, progress)]
        widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
        widths[0] = max(min(widths[0], page.width - sum(widths[1:]) - 2 * len(widths)), 2)
        for row in rows:
            first = set_cell_size(page.fit(row[0], widths[0]), widths[0])
            day = set_cell_size(row[1], widths[1])
            numbers = "".join(f"  {' ' * (size - cell_len(x))}{x}" for x, size in zip(row[2:], widths[2:], strict=True))
            page.line((f"{first}  {day}{numbers}", "bold" if row in (rows[0], rows[-1]) else ""))
        page.line()
        page.paragraph(say("Kept, with a badge, in {path}", path=page.path(kept)))

    show(fill)


def markdown(report: Report, progress: Progress) -> str:
    """Return the summary as Markdown; it shows the badge beside it."""
    rows = [_row(result, progress) for result in report.katas]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in [*rows, _total(report, progress)]]
    kata, first, hints, checks, points = _titles()
    return _MARKDOWN.format(
        title=say("asyncio-katas: all solved"),
        badge=_value(report),
        said=_said(report, progress),
        kata=kata,
        first=first,
        hints=hints,
        checks=checks,
        points=points,
        rows="\n".join(f"| {' | '.join(row)} |" for row in cells),
    )


def badge(report: Report, progress: Progress) -> str:
    """Return the badge: what is solved, for eyes and for screen readers."""
    label, value = "asyncio katas", _value(report)
    left_text, right_text = (round(_COLUMN * cell_len(text)) for text in (label, value))
    left, right = left_text + 12, right_text + 12
    return _BADGE.format(
        width=left + right,
        left=left,
        right=right,
        start=left + 6,
        left_text=left_text,
        right_text=right_text,
        label=escape(label),
        value=escape(value),
        title=escape(f"{label}: {value}"),
        desc=escape(_said(report, progress)),
    )


def _value(report: Report) -> str:
    return say("{solved} of {katas} solved", solved=report.solved, katas=len(report.katas))


def _said(report: Report, progress: Progress) -> str:
    days = {_day(result, progress) for result in report.katas}
    template = "All {katas} katas solved on {last}: {checks} checks, {points} points, hints taken: {hints}."
    if len(days) > 1:
        template = (
            "All {katas} katas solved, {first} to {last}: {checks} checks, {points} points, hints taken: {hints}."
        )
    return say(
        template,
        katas=len(report.katas),
        checks=sum(len(result.checks) for result in report.katas),
        points=report.points,
        hints=sum(progress.hints_taken(result.kata.slug) for result in report.katas),
        first=min(days),
        last=max(days),
    )


def _titles() -> list[str]:
    return [say("kata"), say("first solved"), say("hints"), say("checks"), say("points")]


def _row(result: KataResult, progress: Progress) -> list[str]:
    kata = result.kata
    numbers = progress.hints_taken(kata.slug), len(result.checks), result.points
    return [f"{kata.number:02} {kata.title}", _day(result, progress), *map(str, numbers)]


def _total(report: Report, progress: Progress) -> list[str]:
    hints = sum(progress.hints_taken(result.kata.slug) for result in report.katas)
    checks = sum(len(result.checks) for result in report.katas)
    return [say("all"), "", str(hints), str(checks), str(report.points)]


def _day(result: KataResult, progress: Progress) -> str:
    """Return the local day on which a kata was first seen solved."""
    return f"{datetime.fromisoformat(progress.solved[result.kata.slug]).astimezone():%Y-%m-%d}"
