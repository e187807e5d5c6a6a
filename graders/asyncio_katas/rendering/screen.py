"""The screen of `katas watch`: the kata in work in one window, what matters most first, and the keys below it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from rich.cells import cell_len
from rich.text import Text

from asyncio_katas.language import document, say, translate
from asyncio_katas.records import CheckResult, KataResult, Report
from asyncio_katas.rendering.page import Page
from asyncio_katas.rendering.terminal import SIGNS, failure, kata_tail, not_written, progress_bar, standing

_PENDING = ("○", "dim")


class Showing(Enum):
    """What fills the middle of the screen."""

    KATA = auto()
    LIST = auto()
    ANSWER = auto()


# In each case: the keys, and what they do.
_KEYS = {
    Showing.KATA: {
        "n": "next",
        "p": "previous",
        "l": "list",
        "h": "hint",
        "r": "reset",
        "s": "solution",
        "a": "all",
        "q": "quit",
    },
    Showing.LIST: {"↑↓": "choose", "Enter": "open", "a": "check all", "Esc": "back", "q": "quit"},
    Showing.ANSWER: {"↑↓": "scroll", "s": "the next answer", "Esc": "back", "q": "quit"},
}


@dataclass(frozen=True)
class View:
    """Everything there is to see. `unknown` names the katas, `pending` the checks, whose verdict is still awaited.

    `checking` says that a grading of the kata in work runs. `hint` and `notes` are texts ready to be shown, and
    `answer` is the title and the text of a solution; `at` is the time of day of the verdict.
    """

    results: tuple[KataResult, ...]
    work: KataResult
    unknown: frozenset[str] = frozenset()
    pending: frozenset[str] = frozenset()
    checking: bool = False
    showing: Showing = Showing.KATA
    cursor: int = 0
    hint: str = ""
    notes: tuple[str, ...] = ()
    answer: tuple[str, str] = ("", "")
    at: str = ""

    @property
    def failure(self) -> CheckResult | None:
        """The failure to look at first, if any is known."""
        known = tuple(result for result in self.work.checks if result.check.id not in self.pending)
        return replace(self.work, checks=known).first_failure


@dataclass(frozen=True)
class Screen:
    """Lines for one window, and how far their middle is scrolled."""

    lines: list[Text]
    scroll: int


def render(view: View, *, width: int, height: int, scroll: int, here: Path, encoding: str = "utf-8") -> Screen:
    """Lay the view out for a window. Its first and last lines stay; the middle is what scrolls."""
    head, body, foot = (Page(width, encoding, here) for _ in range(3))
    standing(head, Report(view.results))
    if view.showing is Showing.LIST:
        _list(body, view)
        scroll = max(view.cursor - (height - 6), 0)
    elif view.showing is Showing.ANSWER:
        head.paragraph(view.answer[0], "bold")
        for row in view.answer[1].expandtabs(4).splitlines():
            body.paragraph(row or " ", lead="  ")
    else:
        _heading(head, view)
        _kata(body, view)
    for note in view.notes:
        foot.paragraph(note, "yellow")
    if not view.notes and view.unknown:
        foot.paragraph(say("Checking the other katas: {count} to go.", count=len(view.unknown)), "dim")
    _keys(foot, view)
    room = max(height - len(head.lines) - len(foot.lines) - 1, 1)
    scroll = min(scroll, max(len(body.lines) - room, 0))
    middle = body.lines[scroll : scroll + room]
    below = len(body.lines) - scroll - room
    if below > 0:
        more = Page(body.width, encoding, here)
        more.line((say("↓ {count} more lines", count=below + 1), "dim"))
        middle[-1:] = more.lines
    filler = [Text()] * (room - len(middle))
    lines = [*head.lines, Text(), *middle, *filler, *foot.lines]
    # In a window too small for all of it, the first failure is worth more than the keys.
    return Screen(lines[:height], scroll)


def verdict(view: View, *, width: int, here: Path, encoding: str = "utf-8") -> Text:
    """Return one verdict as lines of text, for where there is no screen."""
    page = Page(width, encoding, here)
    work = view.work
    page.line()
    template = "{at} {number:02} {title}: {passed} of {checks} checks pass."
    values = {"number": work.kata.number, "title": work.kata.title, "passed": work.passed, "checks": len(work.checks)}
    page.pair(say(template, at=view.at, **values), page.path(work.answer), "bold")
    for note in view.notes:
        page.paragraph(note)
    _first(page, view)
    return Text("\n").join(page.lines)


def _heading(page: Page, view: View) -> None:
    """Name the kata, and show all its checks as signs, task by task."""
    work = view.work
    heading = say("{number:02} {title}:", number=work.kata.number, title=work.kata.title)
    page.pair(heading, page.path(work.answer), "bold")
    parts: list[tuple[str, str]] = []
    for task in work.kata.tasks:
        parts += [_sign(result, view) for result in work.checks if result.check.task == task.number]
        parts.append((" ", ""))
    said = say("{passed} of {checks} checks pass", passed=work.passed, checks=len(work.checks))
    parts.append((f" {said}", ""))
    if view.checking:
        parts.append((say("  checking…"), "cyan"))
    elif view.at:
        parts.append((f"  {view.at}", "dim"))
    page.line(*parts)


def _sign(result: CheckResult, view: View) -> tuple[str, str]:
    return _PENDING if result.check.id in view.pending else SIGNS[result.outcome][:2]


def _kata(page: Page, view: View) -> None:
    page.paragraph(view.hint, lead="? ", lead_style="bold yellow")
    if view.hint:
        page.line()
    _first(page, view)
    if view.work.solved and not view.pending:
        page.paragraph(say("n goes on to the next kata; s shows how others solved this one."), lead="  ")
    for task in view.work.kata.tasks:
        page.line()
        page.paragraph(say("Task {number}: {title}", number=task.number, title=task.title), "bold")
        for result in view.work.checks:
            if result.check.task == task.number:
                sign, style = _sign(result, view)
                strong = "bold" if result is view.failure else "dim" if style == "dim" else ""
                page.line((f"  {sign} ", style), (result.check.title, strong))


def _first(page: Page, view: View) -> None:
    """Show what to look at first."""
    work = view.work
    if view.failure:
        failure(page, view.failure)
    elif view.pending:
        known = len(work.checks) - len(view.pending)
        page.paragraph(say("Checking: {known} of {checks} checks so far.", known=known, checks=len(work.checks)))
    elif work.solved:
        said = say("Solved: all {checks} checks pass.", checks=len(work.checks))
        page.paragraph(said, "bold green", lead="✓ ", lead_style="green")
    else:
        not_written(page, work)
        page.paragraph(say("The question: {readme}", readme=page.path(document(work.kata.folder / "README.md"))))


def _list(page: Page, view: View) -> None:
    tails = [_awaited(page, result, view) for result in view.results]
    room = page.width - 9 - max(map(cell_len, tails))
    longest = min(max(cell_len(result.kata.title) for result in view.results), room)
    for row, (result, tail) in enumerate(zip(view.results, tails, strict=True)):
        sign, style = _PENDING if result.kata.slug in view.unknown else SIGNS[result.outcome][:2]
        chosen = row == view.cursor
        title = page.fit(result.kata.title, longest)
        title += " " * (longest - cell_len(title))
        said = f"{result.kata.number:02} {title}  {tail}"
        page.line(("→ " if chosen else "  ", "bold cyan"), (f"{sign} ", style), (said, "bold" if chosen else ""))


def _awaited(page: Page, result: KataResult, view: View) -> str:
    return progress_bar(0, 1, 8) if result.kata.slug in view.unknown else kata_tail(page, result)


def _keys(page: Page, view: View) -> None:
    rows: list[list[tuple[str, str]]] = [[]]
    for key in _KEYS[view.showing]:
        off = key == "s" and view.showing is Showing.KATA and not view.work.solved
        pieces = [
            (key, "dim" if off else "bold cyan"),
            (f" {translate(_KEYS[view.showing][key])}  ", "dim" if off else ""),
        ]
        used = sum(cell_len(text) for text, _ in rows[-1])
        if rows[-1] and used + sum(cell_len(text) for text, _ in pieces) - 2 > page.width:
            rows.append([])
        rows[-1] += pieces
    for row in rows:
        page.line(*row)
