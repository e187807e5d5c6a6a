"""The report for a person at a terminal: where they stand, the kata in work, its first failure in full, the next step.

Texts that come from an answer are shown as they are: never as markup, and never with characters that steer a terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

from asyncio_katas.lab.timeline import MORE, draw
from asyncio_katas.language import document, translate
from asyncio_katas.language import say as _say
from asyncio_katas.protocol import clean
from asyncio_katas.records import CheckResult, KataResult, KatasError, Outcome, Report, Task

# Of each outcome: its sign, its style, and its words where the sign does not say enough.
_SIGNS = {
    Outcome.PASSED: ("✓", "green", ""),
    Outcome.FAILED: ("✗", "red", ""),
    Outcome.ERROR: ("!", "red", "error"),
    Outcome.TIMEOUT: ("…", "yellow", "never ended"),
    Outcome.NOT_RUN: ("…", "yellow", "not run"),
    Outcome.NOT_STARTED: ("·", "dim", ""),
    Outcome.TAMPERED: ("!", "red", "tampered with"),
}
# What stands in for a character that the window's encoding lacks; each as wide as what it replaces.
_PLAIN = {"✓": "+", "✗": "x", "×": "x", "·": "-", "…": "~", "█": "#", "░": ".", "▏": "|", "▲": "^", "→": ">"}
# What stays in one line: a word between spaces, or one Chinese sign, with the punctuation that may not stand alone.
_UNBROKEN = re.compile(r" *(?:[（《“‘]*[⺀-鿿]|[^ ⺀-鿿（《“‘，。；：！？、）》”’]+|.)[，。；：！？、）》”’…]*")
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s+[^\sa-z]|$)|[。！？]|$)", re.MULTILINE)
# Columns: of no window, of a line that is easy to read, of a list with room for bars. Lines: of output that is shown.
_NO_WINDOW, _WIDEST, _ROOMY, _OUTPUT_LINES = 80, 100, 60, 10


def show(report: Report, *, narrow: bool, output: Path | None) -> None:
    """Print the report, or write it to a file as plain text.

    `narrow` says that the learner named katas, so that nothing is known of the others.
    """
    here, command = Path.cwd(), os.environ.get("ASYNCIO_KATAS_COMMAND") or "katas check"
    console = Console(color_system=None if os.environ.get("NO_COLOR") else "auto")
    width = console.width if console.is_terminal and output is None else _NO_WINDOW
    encoding = console.encoding if output is None else "utf-8"
    text = render(report, narrow=narrow, width=width, here=here, command=command, encoding=encoding)
    if output is None:
        console.print(text, soft_wrap=True)
        return
    try:
        output.write_text(f"{text.plain}\n", encoding="utf-8")
    except OSError as error:
        fact = "The report could not be written to {output}: {why}."
        raise KatasError(fact, "Next: choose another --output.", output=output, why=error.strerror) from None


def render(report: Report, *, narrow: bool, width: int, here: Path, command: str, encoding: str = "utf-8") -> Text:
    """Return the report laid out for a window of `width` columns, in characters that `encoding` has.

    Paths are shown relative to `here`; `command` is what checks everything.
    """
    page = _Page(min(width, _WIDEST), encoding, here)
    unsolved = [result for result in report.katas if not result.solved]
    begun = [result for result in unsolved if narrow or result.outcome is not Outcome.NOT_STARTED]
    work = next(iter(begun or unsolved), None)
    _standing(page, report)
    if len(report.katas) > 1:
        _list(page, report.katas, work)
    if work:
        _checks(page, work)
    _notes(page, report)
    page.line()
    if work:
        _next_step(page, report, work, command, narrow=narrow)
    elif narrow:
        page.pair(_say("Solved."), _say("See the rest: {command}", command=command.removesuffix(" --")), "bold green")
    else:
        page.paragraph(_say("Every kata is solved. Well done."), "bold green")
    return Text("\n").join(page.lines)


class _Page:
    """Lines no wider than the window, in characters that its encoding has."""

    def __init__(self, width: int, encoding: str, here: Path) -> None:
        self.width, self._encoding, self._here = width, encoding, here
        self.lines: list[Text] = []

    def line(self, *parts: tuple[str, str]) -> None:
        """Add one line of (text, style) parts, cut where the window ends."""
        line = Text()
        for text, style in parts:
            line.append(self.fit(text.replace("\n", " "), self.width - line.cell_len), style)
        line.rstrip()
        self.lines.append(line)

    def paragraph(self, text: str, style: str = "", *, lead: str = "", lead_style: str = "") -> None:
        """Add a text, if any, broken at its spaces; its lines line up behind `lead`, which stands before the first."""
        for row in _wrap(self._safe(text), max(self.width - cell_len(lead), 2)) if text else ():
            self.line((lead, lead_style), (row, style))
            lead = " " * cell_len(lead)

    def pair(self, first: str, second: str, style: str = "") -> None:
        """Add two texts in one line where they fit, else in a line each: a command stays in one piece."""
        # Full-width punctuation brings its own space along.
        both = f"{first}{'' if cell_len(first[-1:]) == 2 else ' '}{second}"
        for text in [both] if cell_len(self._safe(both)) <= self.width else [first, second]:
            self.paragraph(text, style)

    def fit(self, text: str, room: int) -> str:
        """Return a text made safe, and cut to so many columns."""
        text = self._safe(text)
        if cell_len(text) <= room:
            return text
        return set_cell_size(text, room - 1).rstrip() + self._safe("…") if room > 0 else ""

    def path(self, path: str | Path, line: int | None = None) -> str:
        """Return how to name a file so that a click finds it: from here if it lies below, else in full."""
        full = self._here / path
        name = full.relative_to(self._here) if full.is_relative_to(self._here) else full
        return str(name) if line is None else f"{name}:{line}"

    def _safe(self, text: str) -> str:
        text = clean(text).replace("\t", " ")
        if text.encode(self._encoding, "ignore").decode(self._encoding) == text:
            return text
        # What takes no column has to go: a stand-in would take one.
        spare = _PLAIN.get(text, "?" if cell_len(text) else "")
        return spare if len(text) == 1 else "".join(map(self._safe, text))


def _wrap(text: str, width: int) -> Iterator[str]:
    for line in text.split("\n"):
        row = ""
        for word in _UNBROKEN.findall(line):
            if row and cell_len(row + word) > width:
                yield row
                row = word.lstrip(" ")
            else:
                row += word
            *full, row = chop_cells(row, width)
            yield from full
        yield row


def _standing(page: _Page, report: Report) -> None:
    katas, checks = len(report.katas), sum(len(result.checks) for result in report.katas)
    passed = sum(result.passed for result in report.katas)
    template = "solved {solved} of {katas} · {passed} of {checks} checks"
    said = _say(template, solved=report.solved, katas=katas, passed=passed, checks=checks)
    bar = _bar(passed, checks, max(3, min(20, page.width - cell_len(said) - 2)))
    page.line((bar, "green"), ("  ", ""), (said, "bold"))


def _list(page: _Page, results: Sequence[KataResult], work: KataResult | None) -> None:
    tails = [_tail(page, result) for result in results]
    longest = max(cell_len(result.kata.title) for result in results)
    room = min(longest, page.width - 9 - max(map(cell_len, tails)))
    page.line()
    for result, tail in zip(results, tails, strict=True):
        sign, style, _ = _SIGNS[result.outcome]
        arrow, strong = ("→ ", "bold") if result is work else ("  ", "")
        title = set_cell_size(page.fit(result.kata.title, room), room)
        page.line((arrow, "bold cyan"), (f"{sign} ", style), (f"{result.kata.number:02} {title}  {tail}", strong))


def _tail(page: _Page, result: KataResult) -> str:
    """Return what stands behind a kata's title: progress, points, and its outcome in words if it is unusual."""
    words = translate(_SIGNS[result.outcome][2])
    values = {"points": result.points, "most": result.max_points, "passed": result.passed, "checks": len(result.checks)}
    if page.width < _ROOMY:
        return words or _say("{passed:>2}/{checks} {points:>3}/{most}", **values)
    bar = _bar(result.passed, len(result.checks), 8)
    return _say("{bar} {points:>3}/{most} points  {words}", bar=bar, words=words, **values)


def _bar(part: int, whole: int, size: int) -> str:
    full = part * size // max(whole, 1)
    return "█" * full + "░" * (size - full)


def _checks(page: _Page, result: KataResult) -> None:
    """List the checks of the kata in work below the headings of their tasks, then what to look at first."""
    first = next((x for x in result.checks if x.outcome not in (Outcome.PASSED, Outcome.NOT_STARTED)), None)
    heading = _say("{number:02} {title}:", number=result.kata.number, title=result.kata.title)
    page.line()
    page.pair(heading, page.path(result.answer), "bold")
    for task in result.kata.tasks:
        checks = [check for check in result.checks if check.check.task == task.number]
        if checks:
            _task(page, task, checks, first)
    page.line()
    if first:
        _failure(page, first)
    else:
        _not_written(page, result)


def _task(page: _Page, task: Task, checks: Sequence[CheckResult], first: CheckResult | None) -> None:
    untouched = all(check.outcome is Outcome.NOT_STARTED for check in checks)
    template = "Task {number}: {title} (not started)" if untouched else "Task {number}: {title}"
    page.paragraph(_say(template, number=task.number, title=task.title), "bold")
    for check in checks:
        sign, style, _ = _SIGNS[check.outcome]
        title = check.check.title
        if check.outcome is Outcome.NOT_STARTED:
            said = title if untouched else _say("{title} (not started)", title=title.rstrip(".。"))
            page.paragraph(said, "dim", lead=f"  {sign} ", lead_style=style)
            continue
        page.line((f"  {sign} ", style), (title, "bold" if check is first else ""))
        said = _split(check)[0]
        if first and said and said != _split(first)[0]:
            page.line(("      ", ""), (said, "dim"))


def _not_written(page: _Page, result: KataResult) -> None:
    """Say what to write where nothing has failed yet."""
    check = next(check for check in result.checks if check.outcome is Outcome.NOT_STARTED)
    name, spot = re.split("[:：]", check.check.title)[0], check.finding.spot
    named = name.replace(".", "").isidentifier()
    template = "Nothing has failed. Write `{name}` next:" if named else "Nothing has failed. Write this next:"
    page.pair(_say(template, name=name), page.path(spot.path, spot.line) if spot else page.path(result.answer))


def _failure(page: _Page, result: CheckResult) -> None:
    """Show all that is known about one failure."""
    finding = result.finding
    sign, style, _ = _SIGNS[result.outcome]
    page.paragraph(result.check.title, lead=f"{sign} ", lead_style=style)
    sentence, rest = _split(result)
    page.paragraph(sentence, "bold", lead="  ")
    page.paragraph(rest, lead="  ")
    page.paragraph(str(finding.look or ""), lead="  → ", lead_style="bold cyan")
    _timeline(page, finding.timeline)
    if finding.spot:
        page.line()
        page.paragraph(page.path(finding.spot.path, finding.spot.line), "cyan", lead="  ")
        page.line(("    ", ""), (finding.spot.source.strip(), ""))
    if finding.output.strip():
        _output(page, finding.output)


def _timeline(page: _Page, record: dict[str, Any] | None) -> None:
    # A forged record may hold moments whose ratio is beyond a float.
    with contextlib.suppress(OverflowError):
        for row in ["", *draw(record, page.width - 2, more=translate(MORE))] if record else ():
            page.line(("  ", ""), (row, ""))


def _output(page: _Page, output: str) -> None:
    lines = output.expandtabs(4).strip("\n").split("\n")
    page.line()
    page.line(("  ", ""), (_say("Your code printed:"), "bold"))
    for line in lines[:_OUTPUT_LINES]:
        page.line(("    ", ""), (line, ""))
    if len(lines) > _OUTPUT_LINES:
        page.line(("    ", ""), (_say("... {count} more lines", count=len(lines) - _OUTPUT_LINES), "dim"))


def _split(result: CheckResult) -> tuple[str, str]:
    """Split a message, if any, after its first sentence; what follows keeps its lines and their indentation."""
    message = str(result.finding.message or "").strip()
    match = _SENTENCE.match(message)
    end = match.end() if match else 0
    return message[:end], message[end:].lstrip(" ").removeprefix("\n")


def _notes(page: _Page, report: Report) -> None:
    for result in report.katas:
        if result.kata.changed:
            path = page.path(result.kata.check_file)
            said = _say("{path} differs from the course's checks.", path=path)
            page.line()
            page.pair(said, _say("Restore it: git checkout -- {path}", path=path), "yellow")


def _next_step(page: _Page, report: Report, work: KataResult, command: str, *, narrow: bool) -> None:
    number, title, answer = f"{work.kata.number:02}", work.kata.title, work.answer
    done = ", ".join(f"{result.kata.number:02}" for result in report.katas if result.solved)
    if narrow and done:
        template = "Well done: {done} solved. Next is {number} {title}."
        page.paragraph(_say(template, done=done, number=number, title=title), "green")
    template = "{number}: {passed} of {checks} checks pass."
    said = _say(template, number=number, passed=work.passed, checks=len(work.checks))
    page.pair(said, _say("The question: {readme}", readme=page.path(document(work.kata.folder / "README.md"))))
    submission = answer.parent.parent if answer.parent.name == work.kata.name else answer.parent
    run = f"{command} {number}"
    if page.path(submission) != page.path(work.kata.folder.parent):
        run += f" --submission {page.path(submission)}"
    template = "Next: bring {file} back," if work.outcome is Outcome.NOT_RUN else "Next: open {file},"
    page.pair(_say(template, file=page.path(answer)), _say("then run: {command}", command=run), "bold")
