"""Texts of a report that end up in other people's logs, tables and pages, whatever an answer put into them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from asyncio_katas.lab.timeline import EXPECTED, MORE, draw
from asyncio_katas.language import say, translate
from asyncio_katas.protocol import clean
from asyncio_katas.records import CheckResult, Report
from asyncio_katas.rendering.sentences import split

# GitHub's runner takes a line for a command if it begins with two colons, blanks in front of them left aside, and
# wherever these three signs of its older syntax stand.
_COMMAND, _OLD_COMMAND = re.compile(r"^([ \t]*):(?=:)", re.MULTILINE), "##["
_MOST_IN_A_LINE, _MOST_IN_A_BLOCK, _COLUMNS = 200, 10_000, 100


def block(text: str, most: int = _MOST_IN_A_BLOCK) -> str:
    """Return a text of at most so many characters, without control characters, whose lines are no commands to a log."""
    text = commandless(clean(text))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def commandless(text: str) -> str:
    """Return a text in which GitHub's runner finds no command, wherever it is printed."""
    return _COMMAND.sub(r"\1: ", text).replace(_OLD_COMMAND, "# #[")


def line(text: str, most: int = _MOST_IN_A_LINE) -> str:
    """Return the same in one line."""
    return block(" ".join(text.split()), most)


def title(result: CheckResult) -> str:
    """Return what a check is about, in one line."""
    return line(result.check.title) or result.check.id


def sentence(result: CheckResult, most: int = _MOST_IN_A_LINE) -> str:
    """Return what is to be said of a check that did not pass, in one line."""
    return line(split(str(result.finding.message or ""))[0] or result.outcome.value, most)


def standing(report: Report) -> str:
    """Return how far a submission has come."""
    checks, passed = sum(len(result.checks) for result in report.katas), sum(result.passed for result in report.katas)
    template = "{passed} of {checks} checks pass · {points} of {most} points"
    return say(template, passed=passed, checks=checks, points=report.points, most=report.max_points)


def changes(report: Report) -> list[str]:
    """Return a line for each check file that is not the course's."""
    changed = [result.kata.check_file.as_posix() for result in report.katas if result.kata.changed]
    return [line(say("{path} differs from the course's checks.", path=path)) for path in changed]


def story(result: CheckResult) -> str:
    """Return all that is known of a check that did not pass."""
    return block("\n".join(_parts(result)))


def _parts(result: CheckResult) -> Iterator[str]:
    finding = result.finding
    yield str(finding.message or result.outcome.value)
    if finding.look:
        yield f"→ {finding.look}"
    # A forged record may hold moments whose ratio is beyond a float.
    with contextlib.suppress(OverflowError):
        if finding.timeline:
            drawn = draw(finding.timeline, _COLUMNS, more=translate(MORE), expected=translate(EXPECTED))
            yield "\n".join(["", *drawn])
    if finding.spot:
        yield f"\n{finding.spot.path}:{finding.spot.line}\n    {finding.spot.source.strip()}"
    if finding.output.strip():
        printed = finding.output.expandtabs(4).strip("\n")
        yield f"\n{say('Your code printed:')}\n{printed}"


def expect_checks(report: Report) -> None:
    """Refuse a report on nothing: whoever reads one of these formats would take it for a pass."""
    if not any(result.checks for result in report.katas):
        raise ValueError("nothing was graded")
