"""What the commands beside `check` show: a hint, the way on, an update, and answers beside each other."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from asyncio_katas.invocation import command
from asyncio_katas.language import document, say
from asyncio_katas.learning import Hint
from asyncio_katas.progress import Progress
from asyncio_katas.records import Kata, KataResult, Report
from asyncio_katas.rendering import terminal
from asyncio_katas.rendering.page import Page, columns, console, show
from asyncio_katas.updating import Kept, Update

# Of an update: how many of its commits are told.
_COMMITS = 8
# Columns from which on code has room beside code.
_TWO_COLUMNS = 120


def hint(kata: Kata, given: Hint) -> None:
    """Print a hint below those that were taken before."""

    def fill(page: Page) -> None:
        task = kata.tasks[given.task - 1]
        heading = say("{number:02} {title}", number=kata.number, title=kata.title)
        page.paragraph(heading, "bold")
        page.paragraph(say("Task {number}: {title}", number=given.task, title=task.title), "bold")
        for number, text in enumerate(given.earlier, start=1):
            page.paragraph(text, "dim", lead=f"  {number}. ", lead_style="dim")
        page.paragraph(given.text, lead=f"  {given.number}. ")
        page.line()
        values = {"number": given.number, "of": given.of, "command": command("hint", f"{kata.number:02}")}
        if given.number < given.of:
            page.paragraph(say("Hint {number} of {of}. The next one: {command}", **values))
        else:
            page.pair(say("Hint {number} of {of}, the last of this task.", **values), question(page, kata))

    show(fill)


def question(page: Page, kata: Kata) -> str:
    """Return where a kata's README is."""
    return say("The question: {readme}", readme=page.path(document(kata.folder / "README.md")))


def no_hint(result: KataResult) -> None:
    """Print that a kata is solved, or that its task has no hints."""
    number = f"{result.kata.number:02}"
    if result.solved:
        template, verb = "{number} is solved; it needs no hint. Other answers to it: {command}", "solution"
    else:
        template, verb = "This task of {number} has no hints. See where it stands: {command}", "check"
    show(lambda page: page.paragraph(say(template, number=number, command=command(verb, number))))


def was_reset(kata: Kata, backup: Path | None) -> None:
    """Print that a stub is back, and where the learner's text is."""
    answer, number = kata.folder / f"{kata.slug}.py", f"{kata.number:02}"

    def fill(page: Page) -> None:
        page.paragraph(say("{file} is the stub again.", file=page.path(answer)), "bold")
        if backup:
            page.paragraph(say("Your text is in {backup}", backup=page.path(backup)))
        page.paragraph(say("Next: {command}", command=command("check", number)))

    show(fill)


def listing(report: Report, progress: Progress) -> None:
    """Print every kata with its state, and the hints taken."""
    work = report.in_work(progress.current)

    def fill(page: Page) -> None:
        terminal.standing(page, report)
        terminal.table(page, report.katas, work)
        taken = {result.kata.number: progress.hints_taken(result.kata.slug) for result in report.katas}
        said = ", ".join(f"{number:02}: {count}" for number, count in taken.items() if count)
        page.line()
        if said:
            page.paragraph(say("Hints taken, by kata: {said}", said=said))
        if work:
            page.paragraph(say("Next: {command}", command=command("check", f"{work.kata.number:02}")), "bold")
        else:
            _well_done(page)

    show(fill)


def way_on(report: Report, kata: Kata | None) -> None:
    """Print which kata comes next, how to begin it, and what prepares for it."""
    unsolved = [result.kata for result in report.katas if not result.solved]

    def fill(page: Page) -> None:
        if kata is None:
            _well_done(page)
            return
        number = f"{kata.number:02}"
        template = "Next is {number} {title}." if len(unsolved) > 1 else "Next is {number} {title}, the last one."
        page.paragraph(say(template, number=number, title=kata.title), "bold")
        page.paragraph(question(page, kata))
        page.paragraph(say("Your file: {file}", file=page.path(kata.folder / f"{kata.slug}.py")))
        page.paragraph(say("Check it: {command}", command=command("check", number)))
        before = [f"{other.number:02} {other.title}" for other in unsolved if other.name in kata.prerequisites]
        if before:
            page.paragraph(say("It is easier after: {said}", said=", ".join(before)))

    show(fill)


def all_solved() -> None:
    """Print that there is nothing left to do."""
    show(_well_done)


def once_more() -> None:
    """Print why everything is run again."""
    said = say("That was the last kata. Everything is run once more, each kata in a process of its own.")
    show(lambda page: page.paragraph(f"\n{said}\n", "bold"))


def _well_done(page: Page) -> None:
    page.paragraph(say("Every kata is solved. Well done."), "bold green")


def update(done: Update, katas: Iterable[Kata]) -> None:
    """Print what an update brought, place by place, and what it left to the learner."""
    titles = {f"katas/{kata.name}": f"{kata.number:02} {kata.title}" for kata in katas}

    def fill(page: Page) -> None:
        if not done.commits and not (done.added or done.changed or done.removed or done.kept):
            page.paragraph(say("There is nothing newer at {source}.", source=done.source))
            return
        page.paragraph(say("The course was updated from {source}.", source=done.source), "bold")
        for said in done.commits[:_COMMITS]:
            page.paragraph(said, lead="  - ")
        if len(done.commits) > _COMMITS:
            page.paragraph(say("  … {count} more", count=len(done.commits) - _COMMITS))
        _places(page, say("New:"), done.added, titles)
        _places(page, say("Changed:"), done.changed, titles)
        _places(page, say("Removed:"), done.removed, titles)
        if done.kept:
            page.line()
            page.paragraph(say("You have changed these yourself; they stay as you left them:"), "bold")
            for kept in done.kept:
                _kept(page, kept)
        page.line()
        page.paragraph(say("Next: {command}", command=command("check")))

    show(fill)


def _places(page: Page, heading: str, paths: Sequence[str], titles: Mapping[str, str]) -> None:
    """List files by the kata they belong to; of other folders only how many, which is all a learner asks."""
    katas: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder in titles:
            katas.setdefault(titles[folder], []).append(name)
        else:
            others.setdefault(path.partition("/")[0], []).append(path)
    if paths:
        page.line()
        page.paragraph(heading, "bold")
    for title, names in katas.items():
        page.paragraph(f"{title}: {', '.join(names)}", lead="  ")
    for folder, names in others.items():
        said = say("{folder}/: {count} files", folder=folder, count=len(names)) if len(names) > 1 else names[0]
        page.paragraph(said, lead="  ")


def _kept(page: Page, kept: Kept) -> None:
    if kept.beside:
        template = "{path} (the course's new version: {beside})"
    else:
        template = "{path} (you deleted it)" if kept.deleted else "{path} (no longer part of the course)"
    page.paragraph(say(template, path=kept.path, beside=kept.beside), lead="  ")


def begun(folder: Path, katas: int) -> None:
    """Print what to do with a folder that was just written."""

    def fill(page: Page) -> None:
        page.paragraph(say("{katas} katas are in {folder} now.", katas=katas, folder=page.path(folder)), "bold")
        page.paragraph(say("Next: cd {folder}, then {command}", folder=page.path(folder), command=command("check")))
        page.paragraph(say("How it works: {readme}", readme=page.path(document(folder / "README.md"))))

    show(fill)


def restored(paths: Sequence[Path]) -> None:
    """Print which files of the course were put back."""

    def fill(page: Page) -> None:
        if not paths:
            page.paragraph(say("Every file of the course is there, as it was; nothing was changed."))
        else:
            page.paragraph(say("Put back as they were; what stood there is kept in .katas/backups/:"), "bold")
        for path in paths:
            page.paragraph(page.path(path), lead="  ")
        page.line()
        page.paragraph(say("Next: {command}", command=command("check")))

    show(fill)


def solutions(answer: Path, others: Sequence[Path]) -> None:
    """Show the learner's answer beside each of the others; in a narrow window, once, above them.

    What is longer than the window goes through a pager.
    """
    window = console()
    window.width = columns(window)
    beside = window.width >= _TWO_COLUMNS
    page = Page(window.width, window.encoding, Path.cwd())
    mine = _code(page, say("Yours"), answer)
    parts = [] if beside else [mine]
    for number, path in enumerate(others):
        theirs = _code(page, say("The reference") if number == 0 else _summary(path), path)
        parts.append(_beside(mine, theirs) if beside else theirs)
    with window.capture() as captured:
        window.print(Group(*parts))
    text = captured.get()
    if window.is_terminal and text.count("\n") > window.height:
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False, color=True)


def not_yet(result: KataResult) -> None:
    """Print what is missing before the answers of others may be seen."""
    number = f"{result.kata.number:02}"

    def fill(page: Page) -> None:
        values = {"number": number, "passed": result.passed, "checks": len(result.checks)}
        template = "{number} is not solved yet: {passed} of {checks} checks pass. Other answers are shown after that."
        page.paragraph(say(template, **values), "bold")
        hint, check = command("hint", number), command("check", number)
        page.pair(say("Next: {check}", check=check), say("(or for a hint: {hint})", hint=hint))

    show(fill)


def _beside(mine: RenderableType, theirs: RenderableType) -> RenderableType:
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(mine, theirs)
    return grid


def _code(page: Page, title: str, path: Path) -> RenderableType:
    text = page.safe(path.read_text(encoding="utf-8", errors="replace").expandtabs(4)).strip("\n")
    heading = Text.assemble((page.safe(title), "bold"), "\n", (page.path(path), "dim"))
    highlighted = Syntax("", "python", theme="ansi_dark").highlight(text)
    # Nobody's code is to be cut off; a line that is too long goes on in the next.
    highlighted.no_wrap, highlighted.overflow = False, "fold"
    return Group(heading, "", highlighted, "")


def _summary(path: Path) -> str:
    """Return the first line of an answer's docstring, which says what is different about it."""
    try:
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    except (SyntaxError, ValueError):
        said = ""
    return said.partition("\n")[0] or path.stem
