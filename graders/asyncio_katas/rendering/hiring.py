"""The report on one candidate, for a manager who has a minute and an interviewer who has an hour."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

from asyncio_katas.language import say
from asyncio_katas.marks import Marked, Row
from asyncio_katas.records import CheckResult, KataResult, Outcome
from asyncio_katas.rendering import html
from asyncio_katas.rendering.grades import number
from asyncio_katas.rendering.markup import page, tag
from asyncio_katas.rendering.sentences import split

_MOST_QUESTIONS = 6
# How a check that does not pass ended, from the mildest to the gravest, and what that says about the code.
_QUALITY = {
    Outcome.FAILED: "ran to its end and gave something else than the contract says",
    Outcome.ERROR: "raised an exception that nobody expects",
    Outcome.TIMEOUT: "never ended",
    Outcome.NOT_STARTED: "was not written",
    Outcome.NOT_RUN: "could not be run",
    Outcome.TAMPERED: "interfered with the grader",
}
_QUESTIONS = {
    Outcome.FAILED: "“{title}” does not hold. Seen was: {fact} Which line leads to that, and what would you change?",
    Outcome.ERROR: "“{title}” ended in an exception: {fact} When does it come, and who should handle it?",
    Outcome.TIMEOUT: "“{title}” never ended. What does the code wait for there, and who could wake it?",
    Outcome.NOT_STARTED: "“{title}” was left out. How would you go about it, and what would you look at first?",
}
_SOLVED = (
    "{kata} is solved. What happens in it when the caller is cancelled in the middle, and how would you test that?"
)


def render(marked: Marked, row: Row, stubs: Mapping[str, str], handed_out: datetime | None) -> str:
    """Return the report on one candidate; `stubs` is the starter code by the kata's label.

    `handed_out` is when that was, unless an authentic manifest says it.
    """
    name = row.person.name or row.name
    body = tag(
        "body",
        None,
        tag(
            "header",
            {"class": "standing"},
            tag("p", {"class": "course"}, "asyncio katas · take-home"),
            tag("h1", None, name),
            tag("dl", {"class": "figures"}, *_figures(marked, row, handed_out)),
        ),
        tag(
            "main",
            None,
            _works(marked),
            _fails(marked),
            _tasks(marked),
            _held_back(marked),
            _questions(marked),
            _remarks(row),
            _code(marked, stubs),
        ),
    )
    head = tag("head", None, *html.heading(say("{name}: take-home", name=name), "class.css"))
    return page(tag("html", {"lang": "en"}, head, body))


def _figures(marked: Marked, row: Row, handed_out: datetime | None) -> Iterator[Element]:
    passed = sum(result.passed for result in marked.report.katas)
    checks = sum(len(result.checks) for result in marked.report.katas)
    figures = [
        ("katas solved", say("{solved} of {katas}", solved=row.solved, katas=len(row.cells))),
        ("checks passed", say("{passed} of {checks}", passed=passed, checks=checks)),
        ("points", say("{points} of {most}", points=number(row.points), most=number(row.max_points))),
    ]
    if row.held_back:
        figures.append(
            ("held-back checks passed", say("{passed} of {most}", passed=row.held_back_passed, most=row.held_back))
        )
    taken = marked.submission.timing.handed_in
    out = marked.submission.handed_out
    if out:
        figures.append(("handed out to", out.candidate or "nobody by name"))
        figures.append(("variants of the katas", ", ".join(row.variants)))
        figures.append(("hours given", "no limit" if out.minutes is None else number(round(out.minutes / 60, 1))))
        handed_out = out.at
    if handed_out and taken:
        clock = {"server": "the server's clock", "commits": "the candidate's own commit dates"}
        what = say("hours from hand-out to hand-in, by {clock}", clock=clock[marked.submission.timing.clock])
        figures.append((what, number(round((taken - handed_out).total_seconds() / 3600, 1))))
    for what, value in figures:
        yield tag("div", None, tag("dt", None, what), tag("dd", None, value))


def _part(title: str, said: str, *children: Element | None) -> Element:
    return tag("section", {"class": "part"}, tag("h2", None, title), tag("p", None, said) if said else None, *children)


def _items(items: Sequence[Sequence[Element | str]], kind: str = "plain") -> Element:
    return tag("ol" if kind == "questions" else "ul", {"class": kind}, *(tag("li", None, *item) for item in items))


def _works(marked: Marked) -> Element:
    solved = [result for result in marked.report.katas if result.solved]
    items: list[Sequence[Element | str]] = [
        [tag("b", None, _title(result)), *html.rich(_task_titles(result, passed=True))] for result in solved
    ]
    parts: list[Sequence[Element | str]] = [
        [tag("b", None, _title(result)), *html.rich(_task_titles(result, passed=True))]
        for result in marked.report.katas
        if not result.solved and _task_titles(result, passed=True)
    ]
    return _part("What works", "" if items or parts else "No task is solved wholly.", _items([*items, *parts]))


def _fails(marked: Marked) -> Element:
    failed = [check for result in marked.report.katas for check in result.checks if check.outcome is not Outcome.PASSED]
    if not failed:
        return _part("What fails", "Nothing: every check passes.")
    counts = [(outcome, sum(check.outcome is outcome for check in failed)) for outcome in _QUALITY]
    quality: list[Sequence[Element | str]] = [
        [tag("b", None, str(count)), say("The code {how}.", how=_QUALITY[outcome])]
        for outcome, count in counts
        if count
    ]
    return _part("What fails", say("{count} checks do not pass, in these ways:", count=len(failed)), _items(quality))


def _tasks(marked: Marked) -> Element:
    lines = []
    for result in marked.report.katas:
        for task in result.kata.tasks:
            checks = [check for check in result.checks if check.check.task == task.number]
            passed = sum(check.outcome is Outcome.PASSED for check in checks)
            first = next((check for check in checks if check.outcome is not Outcome.PASSED), None)
            lines.append(
                tag(
                    "tr",
                    None,
                    tag("th", {"scope": "row"}, _title(result)),
                    tag("td", None, say("{number}: {title}", number=task.number, title=task.title)),
                    tag("td", {"class": "share"}, f"{passed}/{len(checks)}"),
                    tag("td", None, *(html.rich(_fact(first)) if first else ["✓"])),
                )
            )
    titles = ("Kata", "Task", "Checks", "First thing that does not hold")
    head = tag("tr", None, *(tag("th", {"scope": "col"}, text) for text in titles))
    return _part("How far each task went", "", tag("table", None, tag("thead", None, head), tag("tbody", None, *lines)))


def _held_back(marked: Marked) -> Element | None:
    if not marked.held_back:
        return None
    failed = [[*html.rich(held.title)] for held in marked.held_back if held.outcome is not Outcome.PASSED]
    said = "Checks the candidate has not seen, on inputs that nobody could foretell."
    return _part("Held-back checks that fail", said if failed else f"{said} All of them pass.", _items(failed))


def _questions(marked: Marked) -> Element:
    asked = list(questions(marked))[:_MOST_QUESTIONS]
    said = "Drawn from what failed; where nothing did, from what was solved."
    return _part("Questions for the interview", said, _items([[*html.rich(text)] for text in asked], "questions"))


def questions(marked: Marked) -> Iterator[str]:
    """Give questions to ask, one for each task that fails, at its first failure; then some about what is solved."""
    for result in marked.report.katas:
        for task in result.kata.tasks:
            checks = [check for check in result.checks if check.check.task == task.number]
            first = next((check for check in checks if check.outcome in _QUESTIONS), None)
            if first is not None:
                yield say(_QUESTIONS[first.outcome], title=_plain(first.check.title), fact=_fact(first))
    for result in marked.report.katas:
        if result.solved:
            yield say(_SOLVED, kata=_title(result))


def _remarks(row: Row) -> Element | None:
    tampered = [[say("The grader was tampered with in {kata}.", kata=slug)] for slug in row.tampered]
    items = [*tampered, *([remark] for remark in row.remarks)]
    return _part("To be looked at", "", _items(items)) if items else None


def _code(marked: Marked, stubs: Mapping[str, str]) -> Element | None:
    parts = []
    for answer in marked.submission.answers:
        result = marked.kata(answer.slug)
        if result is None:
            continue
        stub = stubs[result.kata.label].splitlines()
        text = answer.content.decode("utf-8", "replace").splitlines()
        lines = difflib.unified_diff(stub, text, "handed out", answer.path, lineterm="", n=2)
        kinds = {"+": "plus", "-": "minus"}
        spans = [tag("span", {"class": kinds.get(line[:1], "same")}, f"{line}\n") for line in lines]
        pre = tag("pre", {"class": "diff", "tabindex": "0"}, *spans)
        parts.append(tag("details", None, tag("summary", None, answer.path), pre))
    return _part("The code, against what was handed out", "", *parts) if parts else None


def _task_titles(result: KataResult, *, passed: bool) -> str:
    titles = []
    for task in result.kata.tasks:
        checks = [check for check in result.checks if check.check.task == task.number]
        if all(check.outcome is Outcome.PASSED for check in checks) is passed:
            titles.append(task.title)
    return "; ".join(titles)


def _title(result: KataResult) -> str:
    return say("{number:02} {title}", number=result.kata.number, title=result.kata.title)


def _fact(check: CheckResult) -> str:
    return split(str(check.finding.message or ""))[0]


def _plain(title: str) -> str:
    return title.replace("`", "").rstrip(".")
