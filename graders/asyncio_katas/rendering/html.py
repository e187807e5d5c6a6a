"""The report as one HTML file that needs nothing else: no network, no script, no font.

The page is built as a tree, so that no text of an answer can become markup, and forbids the browser, by its content
security policy, whatever it does not need itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element

from asyncio_katas import language
from asyncio_katas.invocation import restoring
from asyncio_katas.language import say, translate
from asyncio_katas.records import CheckResult, Finding, KataResult, Outcome, Report, Task
from asyncio_katas.rendering.figure import figure, symbols
from asyncio_katas.rendering.markup import page, tag
from asyncio_katas.rendering.sentences import split

# Of each outcome: its sign, its colour, and its words.
SIGNS = {
    Outcome.PASSED: ("✓", "good", "passed"),
    Outcome.FAILED: ("✗", "bad", "failed"),
    Outcome.ERROR: ("!", "bad", "crashed"),
    Outcome.TIMEOUT: ("…", "odd", "never ended"),
    Outcome.NOT_RUN: ("…", "odd", "not run"),
    Outcome.NOT_STARTED: ("·", "calm", "not started"),
    Outcome.TAMPERED: ("!", "bad", "tampered with"),
}
_SOLVED, _UNSOLVED = "solved", "not solved yet"
_UNREMARKABLE = (Outcome.PASSED, Outcome.NOT_STARTED)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_COLON = re.compile("([:：])")
_CODE = re.compile(r"`([^`\n]+)`")


def render(report: Report, before: Sequence[Element] = (), title: str = "", *sheets: str) -> str:
    """Return the report as the text of an HTML file; what comes `before` it says whose it is."""
    return page(
        tag(
            "html",
            {"lang": language.spoken()},
            _head(report, title, *sheets),
            tag(
                "body",
                None,
                tag("a", {"class": "skip", "href": "#katas"}, say("Skip to the katas")),
                symbols(),
                *before,
                _standing(report),
                tag("main", {"id": "katas", "tabindex": "-1"}, *map(_kata, report.katas)),
                _signs(),
            ),
        )
    )


def _head(report: Report, title: str, *sheets: str) -> Element:
    title = title or say("asyncio katas: {solved} of {katas} solved", solved=report.solved, katas=len(report.katas))
    return tag(
        "head",
        None,
        *heading(title, *sheets),
    )


def heading(title: str, *sheets: str) -> Iterator[Element]:
    """Give what stands in the head of every page of ours, with more style sheets than the common one if need be."""
    yield tag("meta", {"charset": "utf-8"})
    yield tag("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    yield tag("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    yield tag("meta", {"name": "color-scheme", "content": "light dark"})
    yield tag("title", None, title)
    for sheet in ("report.css", *sheets):
        yield tag("style", None, files("asyncio_katas.rendering").joinpath(sheet).read_text(encoding="utf-8"))


def _standing(report: Report) -> Element:
    """Return what comes first: where the learner stands, what to look at, and all katas at a glance."""
    checks, passed = sum(len(result.checks) for result in report.katas), sum(result.passed for result in report.katas)
    template = "{passed} of {checks} checks pass · {points} of {most} points"
    said = say(template, passed=passed, checks=checks, points=report.points, most=report.max_points)
    template = "{solved} of {katas} katas solved"
    heading = say(template, solved=report.solved, katas=len(report.katas))
    return tag(
        "header",
        {"class": "standing"},
        tag("p", {"class": "course"}, "asyncio katas"),
        tag("h1", None, heading),
        tag("p", None, said),
        _bar(passed, checks, "bar whole"),
        _next(report),
        _overview(report) if report.katas else None,
    )


def _next(report: Report) -> Element | None:
    """Return a link to the first failure, if there is one."""
    for result in report.katas:
        first = result.first_failure
        if first:
            sentence, _ = split(str(first.finding.message or first.check.title))
            template = "Look here first: {number:02} {title}"
            named = say(template, number=result.kata.number, title=result.kata.title)
            link = tag("a", {"href": f"#{_id(result, first)}"}, named)
            return tag("p", {"class": "next"}, link, tag("span", None, *rich(sentence)))
    return None


def _overview(report: Report) -> Element:
    head = [
        tag("th", {"scope": "col", "class": kind}, text)
        for kind, text in (
            ("", say("Kata")),
            ("state", say("State")),
            ("count", say("Checks")),
            ("count", say("Points")),
        )
    ]
    rows = [
        tag(
            "tr",
            None,
            tag("th", {"scope": "row"}, tag("a", {"href": f"#{result.kata.name}"}, _title(result))),
            tag("td", {"class": "state"}, _state(result)),
            tag(
                "td",
                {"class": "count"},
                _bar(result.passed, len(result.checks), "bar"),
                tag("span", None, f"{result.passed}/{len(result.checks)}"),
            ),
            tag("td", {"class": "count"}, f"{result.points}/{result.max_points}"),
        )
        for result in report.katas
    ]
    table = tag("table", None, tag("thead", None, tag("tr", None, *head)), tag("tbody", None, *rows))
    return tag("nav", {"aria-label": say("All katas")}, table)


def _bar(part: int, whole: int, kind: str) -> Element:
    """Return a bar; the numbers stand beside it in words."""
    width = f"{part / max(whole, 1) * 100:.1f}%"
    ground = tag("rect", {"class": "ground", "width": "100%", "height": "100%", "rx": "0.25em"})
    # Nothing at all has no round corners.
    fill = tag("rect", {"class": "fill", "width": width, "height": "100%", "rx": "0.25em"}) if part else None
    return tag("svg", {"class": kind, "aria-hidden": "true"}, ground, fill)


def _state(result: KataResult) -> Element:
    """Return how a kata stands, as a badge of sign and words."""
    sign, kind, words = SIGNS[result.outcome]
    if result.outcome is Outcome.PASSED:
        words = _SOLVED
    elif result.outcome is Outcome.FAILED:
        kind, words = "calm", _UNSOLVED
    return tag("span", {"class": f"badge {kind}"}, tag("span", {"aria-hidden": "true"}, sign), f" {translate(words)}")


def _kata(result: KataResult) -> Element:
    name, kata = result.kata.name, result.kata
    template = "{passed} of {checks} checks · {points} of {most} points"
    counts = {"passed": result.passed, "checks": len(result.checks), "points": result.points, "most": result.max_points}
    facts = tag(
        "p", {"class": "facts"}, _state(result), tag("span", None, say(template, **counts)), _path(result.answer)
    )
    tasks = list(_tasks(result))
    quiet = result.outcome in _UNREMARKABLE
    body = tag("details", {"class": "quiet"}, tag("summary", None, say("Show the checks")), *tasks) if quiet else None
    return tag(
        "section",
        {"id": name, "class": "kata", "aria-labelledby": f"{name}-heading"},
        tag("h2", {"id": f"{name}-heading"}, _title(result)),
        facts,
        _changed(result) if kata.changed else None,
        *([body] if body is not None else tasks),
    )


def _changed(result: KataResult) -> Element:
    path = result.kata.check_file.as_posix()
    said = say("{path} differs from the course's checks.", path=path)
    back = say("Restore it: {command}", command=restoring(result.kata.check_file))
    return tag("p", {"class": "note"}, f"{said} {back}")


def _tasks(result: KataResult) -> Iterator[Element]:
    for task in result.kata.tasks:
        checks = [check for check in result.checks if check.check.task == task.number]
        if checks:
            yield _task(task, [tag("li", {"id": _id(result, check)}, _check(result, check)) for check in checks])


def _task(task: Task, rows: list[Element]) -> Element:
    """Return one task; only katas are sections, lest a screen reader has to count through a hundred of them."""
    title = say("Task {number}: {title}", number=task.number, title=task.title)
    return tag("div", {"class": "task"}, tag("h3", None, title), tag("ul", {"class": "checks"}, *rows))


def _check(result: KataResult, check: CheckResult) -> Element:
    """Return one check: a line where there is nothing more to say, else something to open."""
    sign, kind, words = SIGNS[check.outcome]
    line = (
        tag("span", {"class": f"sign {kind}", "aria-hidden": "true"}, sign),
        tag("span", {"class": "unseen"}, f"{translate(words)}: "),
        tag("span", {"class": "what"}, *_heading(check.check.title)),
        tag(
            "span",
            {"class": "worth"},
            say("{points}/{most}", points=check.points, most=check.max_points),
            tag("span", {"class": "unseen"}, f" {say('points')}"),
        ),
    )
    if check.outcome in _UNREMARKABLE:
        return tag("div", {"class": f"line {kind}"}, *line)
    attributes = {"class": f"check {kind}"} | ({"open": ""} if check is result.first_failure else {})
    return tag(
        "details",
        attributes,
        tag("summary", {"class": "line"}, *line),
        tag("div", {"class": "story"}, *_story(check.finding, _id(result, check))),
    )


def _story(finding: Finding, name: str) -> Iterator[Element]:
    """Give all that is known about a failure: what happened, where to look, when, at which line, with what output."""
    sentence, rest = split(str(finding.message or ""))
    yield tag("p", {"class": "fact", "dir": "auto"}, *rich(sentence))
    if rest:
        yield tag("p", {"class": "rest", "dir": "auto"}, *rich(rest))
    if finding.look:
        yield tag(
            "p",
            {"class": "look"},
            tag("b", {"aria-hidden": "true"}, "→ "),
            tag("span", None, *rich(str(finding.look))),
        )
    if finding.timeline:
        yield figure(finding.timeline, name)
    if finding.spot:
        yield tag(
            "div",
            {"class": "spot"},
            tag("p", None, _path(f"{finding.spot.path}:{finding.spot.line}")),
            tag(
                "pre",
                None,
                tag("span", {"class": "number", "aria-hidden": "true"}, str(finding.spot.line)),
                tag("code", {"dir": "ltr"}, finding.spot.source.strip()),
            ),
        )
    if finding.output.strip():
        title = f"{name}-output"
        # Focusable, since it scrolls where there is much of it.
        scrolled = {"tabindex": "0", "role": "group", "aria-labelledby": title}
        yield tag(
            "div",
            {"class": "output"},
            tag("p", {"id": title}, say("Your code printed:")),
            tag("pre", scrolled, finding.output.expandtabs(4).strip("\n")),
        )


def _signs() -> Element:
    items: dict[tuple[str, str], list[str]] = {}
    for sign, kind, words in SIGNS.values():
        items.setdefault((sign, kind), []).append(words)
    parts = [
        tag("li", None, tag("b", {"class": f"sign {kind}"}, sign), f" {', '.join(map(translate, words))}")
        for (sign, kind), words in items.items()
    ]
    return tag("footer", None, tag("h2", None, say("What the signs mean")), tag("ul", {"class": "legend"}, *parts))


def _id(result: KataResult, check: CheckResult) -> str:
    return f"{result.kata.name}-{check.check.id}"


def _title(result: KataResult) -> str:
    return say("{number:02} {title}", number=result.kata.number, title=result.kata.title)


def _heading(title: str) -> Iterator[Element | str]:
    """Give a check's title, with the name of the function it is about set as code."""
    name, colon, rest = _COLON.split(title, 1) if _COLON.search(title) else (title, "", "")
    if colon and name.replace(".", "").isidentifier():
        yield tag("code", {"class": "name"}, name)
        yield from rich(colon + rest)
    else:
        yield from rich(title)


def rich(text: str) -> Iterator[Element | str]:
    """Give a text with what stands between backticks set as code."""
    for index, part in enumerate(_CODE.split(text)):
        yield tag("code", None, part) if index % 2 else part


def _path(path: object) -> Element:
    return tag("code", {"class": "path", "dir": "ltr"}, str(path))
