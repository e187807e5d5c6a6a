"""The report as Markdown for the summary of a GitHub job: a table of all katas, then each failure, folded.

What an answer said stands in `<pre>` alone, as escaped HTML, where neither Markdown nor what GitHub adds to it, such as
mentions, is looked for. The course's own texts stand in lines of Markdown, with every sign that means something there
written as a character reference.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from asyncio_katas.language import say, translate
from asyncio_katas.records import CheckResult, KataResult, Outcome, Report
from asyncio_katas.rendering.formats import texts
from asyncio_katas.rendering.terminal import progress_bar

# Of each outcome: its sign, and its words where that does not say enough.
_SIGNS = {
    Outcome.PASSED: ("✅", ""),
    Outcome.FAILED: ("❌", ""),
    Outcome.ERROR: ("❌", "crashed"),
    Outcome.TIMEOUT: ("⏳", "never ended"),
    Outcome.NOT_RUN: ("⏳", "not run"),
    Outcome.NOT_STARTED: ("⬜", ""),
    Outcome.TAMPERED: ("🚫", "tampered with"),
}
# Bytes. GitHub takes 1 MiB for each step, and refuses what is longer as a whole.
MOST = 1_000_000
_MEANINGFUL = re.compile(r"[!\"#$&()*+.:<=>@\[\\\]^_`{|}~-]")
_CODE = re.compile(r"`([^`\n]+)`")


def render(report: Report) -> str:
    """Return the summary, of at most MOST bytes: failures that do not fit any more are counted."""
    notes = [f"{_inline(note)}\n" for note in texts.changes(report)]
    text = "\n".join([_standing(report), "", *_table(report), "", *notes])
    left, failures = MOST - len(text.encode()) - 1000, list(_failures(report))
    for number, failure in enumerate(failures):
        left -= len(failure.encode())
        if left < 0:
            template = "{count} more failures are left out here: a summary holds no more than 1 MB."
            return f"{text}\n{_inline(say(template, count=len(failures) - number))}\n"
        text += failure
    return text


def _standing(report: Report) -> str:
    checks, passed = sum(len(result.checks) for result in report.katas), sum(result.passed for result in report.katas)
    heading = say("{solved} of {katas} katas solved", solved=report.solved, katas=len(report.katas))
    return f"### {_inline(heading)}\n\n{progress_bar(passed, checks, 20)} {_inline(texts.standing(report))}"


def _table(report: Report) -> Iterator[str]:
    yield f"| | {say('Kata')} | {say('Checks')} | {say('Points')} |"
    yield "|---|---|---:|---:|"
    for result in report.katas:
        counts = f"{result.passed}/{len(result.checks)} | {result.points}/{result.max_points}"
        yield f"| {_SIGNS[result.outcome][0]} | {_kata(result)} | {counts} |"


def _failures(report: Report) -> Iterator[str]:
    for result in report.katas:
        heading = f"\n#### {_kata(result)}\n"
        for check in result.checks:
            if check.outcome not in (Outcome.PASSED, Outcome.NOT_STARTED):
                yield heading + _failure(check)
                heading = ""


def _failure(result: CheckResult) -> str:
    sign, words = _SIGNS[result.outcome]
    worth = say("{points}/{most}", points=result.points, most=result.max_points)
    said = f"{sign} {_inline(texts.title(result))} {_inline(f'{translate(words)} {worth}'.strip())}"
    # The empty lines end one block of HTML and begin another, in which empty lines end nothing.
    return f"\n<details><summary>{said}</summary>\n\n<pre>\n{html.escape(texts.story(result))}\n</pre>\n\n</details>\n"


def _kata(result: KataResult) -> str:
    return _inline(f"{result.kata.number:02} {result.kata.title}")


def _inline(text: str) -> str:
    """Return a text of the course in one line, with what stands between backticks set as code."""
    parts = _CODE.split(texts.line(text))
    return "".join(f"<code>{_plain(part)}</code>" if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    return _MEANINGFUL.sub(lambda match: f"&#{ord(match[0])};", text)
