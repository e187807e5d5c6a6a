"""The class at a glance, and one page for each submission: HTML files that need nothing but each other."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

from asyncio_katas.language import say
from asyncio_katas.marks import Cell, Failures, Marked, Person, Row, Similar
from asyncio_katas.records import Check, Kata, Outcome
from asyncio_katas.rendering import html
from asyncio_katas.rendering.grades import UNGRADABLE, claim, number, standing
from asyncio_katas.rendering.markup import page, tag

_MOST_FAILED = 15
_MOST_SIMILAR = 50
# Steps of the heat map: from here on, as a share of a kata's checks.
_STEPS = (0.0, 0.26, 0.51, 0.76, 1.0)
_BINS = 10


def render(
    rows: Sequence[Row],
    absent: Sequence[Person],
    failures: Failures,
    similar: Sequence[Similar] | None,
    *,
    katas: Sequence[Kata],
    pages: Mapping[str, str],
) -> str:
    """Return the class report; `pages` holds where each submission's own page is.

    `similar` is None where nothing was compared.
    """
    title = say("asyncio katas: a class of {count}", count=len(rows))
    body = tag(
        "body",
        None,
        tag("header", {"class": "standing"}, tag("p", {"class": "course"}, "asyncio katas"), *_summary(rows, absent)),
        tag(
            "main",
            None,
            _to_look_at(rows, pages),
            _heat_map(rows, [kata for kata in katas if kata.label == kata.name], pages),
            _spread(rows),
            _most_failed(failures, katas),
            _similar(similar, pages),
            _absent(absent),
        ),
    )
    return page(tag("html", {"lang": "en"}, tag("head", None, *html.heading(title, "class.css")), body))


def submission(marked: Marked, row: Row) -> str:
    """Return the page of one submission: whose it is and what is to be known about it, and then the whole report."""
    name = row.person.name or row.name
    facts = tag(
        "section",
        {"class": "part", "aria-label": "Submission"},
        tag("h2", None, name),
        tag("p", None, standing(row)),
        _figures(list(_particulars(marked, row))),
        _list([tag("li", None, remark) for remark in row.remarks]),
        _held_back(marked),
    )
    return html.render(marked.report, [facts], name, "class.css")


def page_names(names: Sequence[str]) -> dict[str, str]:
    """Return a file name for each submission's page: safe on every disk, and no two the same."""
    found: dict[str, str] = {}
    taken = set[str]()
    for name in names:
        stem = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("._")[:80] or "submission"
        chosen = next(
            file
            for file in (stem, *(f"{stem}-{count}" for count in range(2, len(names) + 2)))
            if file.lower() not in taken
        )
        taken.add(chosen.lower())
        found[name] = f"submissions/{chosen}.html"
    return found


def _summary(rows: Sequence[Row], absent: Sequence[Person]) -> Iterator[Element]:
    yield tag("h1", None, say("{count} submissions", count=len(rows)))
    shares = [row.percent for row in rows]
    figures = [("ungradable", str(sum(row.state == UNGRADABLE for row in rows)))]
    if rows:
        figures = [
            ("median", say("{share} %", share=number(round(statistics.median(shares), 1)))),
            ("mean", say("{share} %", share=number(round(statistics.mean(shares), 1)))),
            ("everything solved", str(sum(row.percent == 100 and row.solved == len(row.cells) for row in rows))),
            *figures,
        ]
    if any(row.passed is not None for row in rows):
        figures.append(("passed", str(sum(row.passed is True for row in rows))))
    if any(row.held_back for row in rows):
        held, most = sum(row.held_back_passed for row in rows), sum(row.held_back for row in rows)
        figures.append(("held-back checks passed", say("{share} %", share=number(round(100 * held / most, 1)))))
    figures.append(("tampered with", str(sum(bool(row.tampered) for row in rows))))
    if absent:
        figures.append(("absent", str(len(absent))))
    yield _figures(figures)


def _figures(figures: Sequence[tuple[str, str]]) -> Element:
    return tag(
        "dl",
        {"class": "figures"},
        *(tag("div", None, tag("dt", None, what), tag("dd", None, value)) for what, value in figures),
    )


def _part(title: str, said: str, *children: Element | None) -> Element:
    return tag("section", {"class": "part"}, tag("h2", None, title), tag("p", None, said) if said else None, *children)


def _list(items: Sequence[Element]) -> Element | None:
    return tag("ul", {"class": "plain"}, *items) if items else None


def _link(row: Row | str, pages: Mapping[str, str]) -> Element:
    name = row if isinstance(row, str) else row.name
    shown = name if isinstance(row, str) else row.person.name or row.name
    return tag("a", {"href": pages[name]}, shown) if name in pages else tag("span", None, shown)


def _to_look_at(rows: Sequence[Row], pages: Mapping[str, str]) -> Element | None:
    items = []
    for row in rows:
        if row.tampered:
            said = say(
                "Tampered with the grader in {katas}. Nothing it did not earn was counted.",
                katas=", ".join(row.tampered),
            )
            items.append(tag("li", None, tag("b", None, _link(row, pages)), said))
        if row.state == UNGRADABLE:
            items.append(tag("li", None, tag("b", None, _link(row, pages)), " ".join(row.remarks)))
        if row.disputed:
            items.append(tag("li", None, tag("b", None, _link(row, pages)), claim(row.claimed, row.earned)))
    if not items:
        return None
    said = say(
        "{count} notes on submissions that could not be graded, or not wholly, tampered, or claim other points.",
        count=len(items),
    )
    return _part("To be looked at", said, _list(items))


def _heat_map(rows: Sequence[Row], katas: Sequence[Kata], pages: Mapping[str, str]) -> Element:
    head = [
        tag("th", {"scope": "col"}, "Submission"),
        *(tag("th", {"scope": "col", "title": kata.title}, f"{kata.number:02}") for kata in katas),
        tag("th", {"scope": "col"}, "Points"),
    ]
    lines = []
    for row in sorted(rows, key=lambda row: (-row.points, row.name)):
        cells = {cell.slug: cell for cell in row.cells}
        lines.append(
            tag(
                "tr",
                None,
                tag("th", {"scope": "row"}, _link(row, pages)),
                *(_cell(cells.get(kata.slug)) for kata in katas),
                tag(
                    "td",
                    {"class": "sum"},
                    say("{points}/{most}", points=number(row.points), most=number(row.max_points)),
                ),
            )
        )
    table = tag("table", {"class": "heat"}, tag("thead", None, tag("tr", None, *head)), tag("tbody", None, *lines))
    said = "How many checks pass, best submissions first. A dash: not handed in. An exclamation mark: tampered with."
    return _part("Submissions and katas", said, tag("div", {"class": "wide", "tabindex": "0", "role": "group"}, table))


def _cell(cell: Cell | None) -> Element:
    if cell is None or cell.absent:
        return tag("td", {"class": "none"}, "–")
    if cell.outcome is Outcome.TAMPERED:
        return tag("td", {"class": "alarm"}, "!")
    share = cell.passed / max(cell.checks, 1)
    step = max(index for index, start in enumerate(_STEPS) if share >= start)
    return tag("td", {"class": f"h{step}"}, f"{cell.passed}/{cell.checks}")


def _spread(rows: Sequence[Row]) -> Element | None:
    """Return how many submissions have how large a share of the points, as bars with their numbers."""
    if not rows:
        return None
    counts = [0] * _BINS
    for row in rows:
        counts[min(int(row.percent / 100 * _BINS), _BINS - 1)] += 1
    most = max(counts)
    parts = []
    for index, count in enumerate(counts):
        height = 120 * count / most
        x = index * 50
        if count:
            parts += [
                tag(
                    "rect",
                    {"x": f"{x + 4}", "y": f"{140 - height:.1f}", "width": "42", "height": f"{height:.1f}", "rx": "3"},
                ),
                tag("text", {"x": f"{x + 25}", "y": f"{134 - height:.1f}"}, str(count)),
            ]
        parts.append(tag("text", {"x": f"{x + 25}", "y": "157", "class": "tick"}, f"{index * 10}–{index * 10 + 10}"))
    said = "How many submissions have how many percent of the points."
    label = "; ".join(f"{index * 10}–{index * 10 + 10} %: {count}" for index, count in enumerate(counts))
    return _part(
        "Distribution",
        said,
        tag("svg", {"class": "spread", "viewBox": "0 0 500 165", "role": "img", "aria-label": label}, *parts),
    )


def _most_failed(failures: Failures, katas: Sequence[Kata]) -> Element | None:
    known: dict[tuple[str, str], tuple[Kata, Check]] = {
        (kata.label, check.id): (kata, check) for kata in katas for check in kata.checks
    }
    found = [
        (failed / failures.tried[key[0]], failed, *known[key])
        for key, failed in failures.failed.items()
        if key in known
    ]
    if not found:
        return None
    found.sort(key=lambda item: (-item[0], -item[1], item[2].number, item[3].id))
    lines = [
        tag(
            "tr",
            None,
            tag("td", {"class": "share"}, say("{share:.0f} %", share=100 * share)),
            tag("td", {"class": "share"}, say("{failed} of {tried}", failed=failed, tried=failures.tried[kata.label])),
            tag("td", None, say("{kata}, task {task}", kata=_short(kata), task=check.task)),
            tag("td", None, *html.rich(check.title)),
        )
        for share, failed, kata, check in found[:_MOST_FAILED]
    ]
    head = tag(
        "tr", None, *(tag("th", {"scope": "col"}, text) for text in ("Share", "Failed", "Kata", "What does not hold"))
    )
    said = "What was not understood: the share is of those who handed in an answer."
    return _part("Most-failed checks", said, tag("table", None, tag("thead", None, head), tag("tbody", None, *lines)))


def _short(kata: Kata) -> str:
    return kata.label.replace(kata.name, f"{kata.number:02}")


def _similar(similar: Sequence[Similar] | None, pages: Mapping[str, str]) -> Element | None:
    if similar is None:
        return _part("Alike", "Not compared. To have answers compared: pip install 'asyncio-katas[teacher]'")
    if not similar:
        return _part("Alike", "No two answers have much in common beyond the starter code.")
    lines = [
        tag(
            "tr",
            None,
            tag("td", None, pair.slug),
            tag("td", None, _link(pair.name, pages), say(" ({share:.0f} %)", share=100 * pair.own_share)),
            tag("td", None, _link(pair.other, pages), say(" ({share:.0f} %)", share=100 * pair.other_share)),
        )
        for pair in similar[:_MOST_SIMILAR]
    ]
    head = tag("tr", None, *(tag("th", {"scope": "col"}, text) for text in ("Kata", "Submission", "Submission")))
    said = (
        "Answers with much in common beyond the starter code, and which share of each. Short answers to the same "
        "question can be alike by themselves: this is a pointer for somebody who reads both, and proves nothing."
    )
    return _part("Alike", said, tag("table", None, tag("thead", None, head), tag("tbody", None, *lines)))


def _absent(absent: Sequence[Person]) -> Element | None:
    if not absent:
        return None
    items = [tag("li", None, tag("b", None, person.name or person.submission), person.email) for person in absent]
    return _part("Handed in nothing", "On the roster, and not among the submissions.", _list(items))


def _particulars(marked: Marked, row: Row) -> Iterator[tuple[str, str]]:
    timing = marked.submission.timing
    yield "points", say("{points}/{most}", points=number(row.points), most=number(row.max_points))
    if row.passed is not None:
        yield "result", "passed" if row.passed else "not passed"
    if row.penalty:
        yield "lost by being late", number(row.penalty)
    if timing.handed_in:
        clock = {"server": "by the server's clock", "commits": "by the commit's own date"}[timing.clock]
        yield say("handed in, {clock}", clock=clock), f"{timing.handed_in.astimezone():%Y-%m-%d %H:%M}"
    if timing.late_s:
        what = say("hours late, {count} commits left out", count=timing.left_out) if timing.left_out else "hours late"
        yield what, number(round(timing.late_s / 3600, 1))
    if timing.commit:
        yield "commit", timing.commit[:10]


def _held_back(marked: Marked) -> Element | None:
    if not marked.held_back:
        return None
    items = []
    for held in marked.held_back:
        sign, kind, words = html.SIGNS[held.outcome]
        mark = tag("span", {"class": f"sign {kind}", "aria-hidden": "true"}, sign)
        items.append(tag("li", None, mark, tag("span", {"class": "unseen"}, f"{words}: "), *html.rich(held.title)))
    counted = say("Held-back checks: {passed} of {count} pass", passed=marked.held_back_passed, count=len(items))
    return tag("details", None, tag("summary", None, counted), _list(items))
