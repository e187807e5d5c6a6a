"""The report for a person at a terminal: where they stand, the kata in work, its first failure in full, the next step.

Texts that come from an answer are shown as they are: never as markup, and never with characters that steer a terminal.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from asyncio_katas import invocation, keeping
from asyncio_katas.invocation import checking
from asyncio_katas.lab.timeline import EXPECTED, MEANING, MORE, draw, shown, unexplained
from asyncio_katas.language import document, say, translate
from asyncio_katas.records import CheckResult, KataResult, Outcome, Report, Task
from asyncio_katas.rendering.page import NO_WINDOW, Page, columns, console
from asyncio_katas.rendering.sentences import split

# Of each outcome: its sign, its style, and its words where the sign does not say enough.
SIGNS = {
    Outcome.PASSED: ("✓", "green", ""),
    Outcome.FAILED: ("✗", "red", ""),
    Outcome.ERROR: ("!", "red", "error"),
    Outcome.TIMEOUT: ("…", "yellow", "never ended"),
    Outcome.NOT_RUN: ("…", "yellow", "not run"),
    Outcome.NOT_STARTED: ("·", "dim", ""),
    Outcome.TAMPERED: ("!", "red", "tampered with"),
}
# Columns of a list with room for bars; lines of output that are shown.
_ROOMY, _OUTPUT_LINES = 60, 10


def show(report: Report, *, narrow: bool, output: Path | None, current: str | None = None) -> None:
    """Print the report, or write it to a file as plain text.

    `narrow` says that the learner named katas, so that nothing is known of the others; `current` is the slug of the
    kata in work, as far as that is known.
    """
    window = console()
    width = columns(window) if output is None else NO_WINDOW
    encoding = window.encoding if output is None else "utf-8"
    text = render(
        report,
        narrow=narrow,
        width=width,
        here=Path.cwd(),
        command=checking(),
        encoding=encoding,
        current=current,
    )
    if output is None:
        window.print(text, soft_wrap=True)
        return
    keeping.write_report(output, f"{text.plain}\n")


def render(
    report: Report,
    *,
    narrow: bool,
    width: int,
    here: Path,
    command: str,
    encoding: str = "utf-8",
    current: str | None = None,
) -> Text:
    """Return the report laid out for a window of `width` columns, in characters that `encoding` has.

    Paths are shown relative to `here`; `command` is what checks everything.
    """
    page = Page(width, encoding, here)
    # Of several katas that were named, the first unsolved one is shown, begun or not.
    work = report.in_work(current) if not narrow else next((x for x in report.katas if not x.solved), None)
    standing(page, report)
    if len(report.katas) > 1:
        table(page, report.katas, work)
    if work and not narrow and current is None and _untouched(report):
        _notes(page, report)
        _first_steps(page, work, command)
        return page.text()
    if work:
        _checks(page, work)
    _notes(page, report)
    page.line()
    if work:
        _next_step(page, report, work, command, narrow=narrow)
    elif narrow:
        _way_on(page, report, command)
    else:
        page.paragraph(say("Every kata is solved. Well done."), "bold green")
    return page.text()


def standing(page: Page, report: Report) -> None:
    """Add the line that says how much is solved."""
    katas, checks = len(report.katas), sum(len(result.checks) for result in report.katas)
    passed = sum(result.passed for result in report.katas)
    template = "solved {solved} of {katas} · {passed} of {checks} checks"
    said = say(template, solved=report.solved, katas=katas, passed=passed, checks=checks)
    bar = progress_bar(passed, checks, max(3, min(20, page.width - cell_len(said) - 2)))
    page.line((bar, "green"), ("  ", ""), (said, "bold"))


def table(page: Page, results: Sequence[KataResult], work: KataResult | None) -> None:
    """Add a line for each kata, with an arrow at the one in work."""
    tails = [kata_tail(page, result) for result in results]
    longest = max(cell_len(result.kata.title) for result in results)
    room = min(longest, page.width - 9 - max(map(cell_len, tails)))
    page.line()
    for result, tail in zip(results, tails, strict=True):
        sign, style, _ = SIGNS[result.outcome]
        arrow, strong = ("→ ", "bold") if result is work else ("  ", "")
        title = set_cell_size(page.fit(result.kata.title, room), room)
        page.line((arrow, "bold cyan"), (f"{sign} ", style), (f"{result.kata.number:02} {title}  {tail}", strong))


def kata_tail(page: Page, result: KataResult) -> str:
    """Return what stands behind a kata's title: progress, points, and its outcome in words if it is unusual."""
    words = translate(SIGNS[result.outcome][2])
    values = {"points": result.points, "most": result.max_points, "passed": result.passed, "checks": len(result.checks)}
    if page.width < _ROOMY:
        return words or say("{passed:>2}/{checks} {points:>3}/{most}", **values)
    bar = progress_bar(result.passed, len(result.checks), 8)
    return say("{bar} {points:>3}/{most} points  {words}", bar=bar, words=words, **values)


def progress_bar(part: int, whole: int, size: int) -> str:
    """Return a bar of so many columns; it is full only when everything is done."""
    full = part * size // max(whole, 1)
    return "█" * full + "░" * (size - full)


def _checks(page: Page, result: KataResult) -> None:
    """List the checks of the kata in work below the headings of their tasks, then what to look at first."""
    first = result.first_failure
    heading = say("{number:02} {title}:", number=result.kata.number, title=result.kata.title)
    page.line()
    page.pair(heading, page.path(result.answer), "bold")
    for task in result.kata.tasks:
        checks = [check for check in result.checks if check.check.task == task.number]
        if checks:
            _task(page, task, checks, first)
    page.line()
    if first:
        failure(page, first)
    else:
        not_written(page, result)


def _task(page: Page, task: Task, checks: Sequence[CheckResult], first: CheckResult | None) -> None:
    untouched = all(check.outcome is Outcome.NOT_STARTED for check in checks)
    template = "Task {number}: {title} (not started)" if untouched else "Task {number}: {title}"
    page.paragraph(say(template, number=task.number, title=task.title), "bold")
    for check in checks:
        sign, style, _ = SIGNS[check.outcome]
        title = check.check.title
        if check.outcome is Outcome.NOT_STARTED:
            said = title if untouched else say("{title} (not started)", title=title.rstrip(".。"))
            page.paragraph(said, "dim", lead=f"  {sign} ", lead_style=style)
            continue
        page.line((f"  {sign} ", style), (title, "bold" if check is first else ""))
        said = _split(check)[0]
        if first and said and said != _split(first)[0]:
            page.line(("      ", ""), (said, "dim"))


def not_written(page: Page, result: KataResult) -> None:
    """Say what to write where nothing has failed yet."""
    check = next(check for check in result.checks if check.outcome is Outcome.NOT_STARTED)
    name, spot = re.split("[:：]", check.check.title)[0], check.finding.spot
    named = name.replace(".", "").isidentifier()
    template = "Nothing has failed. Write `{name}` next:" if named else "Nothing has failed. Write this next:"
    page.pair(say(template, name=name), page.path(spot.path, spot.line) if spot else page.path(result.answer))


def failure(page: Page, result: CheckResult) -> None:
    """Show all that is known about one failure."""
    finding = result.finding
    sign, style, _ = SIGNS[result.outcome]
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


def _timeline(page: Page, record: dict[str, Any] | None) -> None:
    if record is None:
        return
    # A forged record may hold moments whose ratio is beyond a float.
    with contextlib.suppress(OverflowError):
        for row in ["", *draw(record, page.width - 2, more=translate(MORE), expected=translate(EXPECTED))]:
            page.line(("  ", ""), (row, ""))
    signs = [f"{MEANING[what][0]} {translate(MEANING[what][1])}" for what in unexplained(shown(record))]
    page.paragraph("   ".join(signs), "dim", lead="  ")


def _output(page: Page, output: str) -> None:
    lines = output.expandtabs(4).strip("\n").split("\n")
    page.line()
    page.line(("  ", ""), (say("Your code printed:"), "bold"))
    for line in lines[:_OUTPUT_LINES]:
        page.line(("    ", ""), (line, ""))
    if len(lines) > _OUTPUT_LINES:
        page.line(("    ", ""), (say("... {count} more lines", count=len(lines) - _OUTPUT_LINES), "dim"))


def _split(result: CheckResult) -> tuple[str, str]:
    return split(str(result.finding.message or ""))


def _notes(page: Page, report: Report) -> None:
    for result in report.katas:
        if result.kata.changed:
            path = page.path(result.kata.check_file)
            said = say("{path} differs from the course's checks.", path=path)
            back = invocation.restoring(Path(path))
            page.line()
            page.pair(said, say("Restore it: {command}", command=back), "yellow")


def _way_on(page: Page, report: Report, command: str) -> None:
    """Say what there is after katas that were named and are solved: of one's own, the answers of others too."""
    following = invocation.command("next", like=command)
    page.pair(say("Solved."), say("The next kata: {command}", command=following), "bold green")
    result = report.katas[0]
    if len(report.katas) == 1 and page.path(result.answer.parent) == page.path(result.kata.folder):
        others = invocation.command("solution", f"{result.kata.number:02}", like=command)
        page.paragraph(say("Other right answers: {command}", command=others))


def _untouched(report: Report) -> bool:
    return all(result.outcome is Outcome.NOT_STARTED for result in report.katas)


def _first_steps(page: Page, first: KataResult, command: str) -> None:
    """Explain to somebody who has not begun what to do, in at most five lines of 80 columns."""
    number = f"{first.kata.number:02}"
    page.line()
    page.paragraph(say("Welcome. Begin with any kata, for example with {number}:", number=number), "bold")
    page.paragraph(say("read {readme}", readme=page.path(document(first.kata.folder / "README.md"))), lead="1. ")
    page.paragraph(say("edit {file}", file=page.path(first.answer)), lead="2. ")
    template = "run {command} and read the first failure; repeat"
    page.paragraph(say(template, command=f"{command} {number}"), lead="3. ")
    hint, everything = invocation.command("hint", number, like=command), invocation.command("list", like=command)
    if any(task.hints for task in first.kata.tasks):
        page.paragraph(say("Stuck? {hint}   All katas: {list}", hint=hint, list=everything))
    else:
        page.paragraph(say("All katas: {list}", list=everything))


def _next_step(page: Page, report: Report, work: KataResult, command: str, *, narrow: bool) -> None:
    number, title, answer = f"{work.kata.number:02}", work.kata.title, work.answer
    done = ", ".join(f"{result.kata.number:02}" for result in report.katas if result.solved)
    if narrow and done:
        template = "Well done: {done} solved. Next is {number} {title}."
        page.paragraph(say(template, done=done, number=number, title=title), "green")
    template = "{number}: {passed} of {checks} checks pass."
    said = say(template, number=number, passed=work.passed, checks=len(work.checks))
    page.pair(said, say("The question: {readme}", readme=page.path(document(work.kata.folder / "README.md"))))
    submission = answer.parent.parent if answer.parent.name == work.kata.name else answer.parent
    run = f"{command} {number}"
    if page.path(submission) != page.path(work.kata.folder.parent):
        run += f" --submission {page.path(submission)}"
    template = "Next: bring {file} back," if work.outcome is Outcome.NOT_RUN else "Next: open {file},"
    page.pair(say(template, file=page.path(answer)), say("then run: {command}", command=run), "bold")
