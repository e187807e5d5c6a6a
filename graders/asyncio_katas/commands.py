"""The commands of a learner beside `check`. Each reads as a short list of named steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from asyncio_katas import catalog, initialising, keeping, learning, localisation, progress, submission, updating
from asyncio_katas.invocation import SOLVED, UNSOLVED, command, is_take_home
from asyncio_katas.isolation.levels import Level
from asyncio_katas.progress import Progress
from asyncio_katas.records import Kata, KataResult, KatasError, Report
from asyncio_katas.rendering import lessons, summary, terminal


@click.command()
@click.argument("kata", required=False)
def hint(kata: str | None) -> int:
    """Give the next hint for the first task that fails. Without KATA, for the one in work."""
    course = catalog.course_here()
    katas = catalog.discover(course)
    known = _known(course)
    named = catalog.one(katas, kata, "hint") if kata else None
    result = _grade([named], course).katas[0] if named else _in_work(katas, course, known)
    if result is None:
        lessons.all_solved()
        return SOLVED
    known.current = result.kata.slug
    given = learning.hint(result.kata, result, known)
    progress.save(course, known)
    if given is None:
        lessons.no_hint(result)
    else:
        lessons.hint(result.kata, given)
    return SOLVED


@click.command()
@click.argument("kata")
def reset(kata: str) -> int:
    """Put the stub of KATA back. What you wrote is kept in a dated backup."""
    course = catalog.course_here()
    chosen = catalog.one(catalog.discover(course), kata, "reset")
    lessons.was_reset(chosen, learning.reset(chosen, course))
    return SOLVED


@click.command()
@click.argument("kata")
def solution(kata: str) -> int:
    """Show other right answers beside yours, once all checks of KATA pass."""
    course = catalog.course_here()
    chosen = catalog.one(catalog.discover(course), kata, "solution")
    others = learning.answers(chosen, course)
    if not others and is_take_home(course):
        raise KatasError("A take-home comes without solutions.", "Next: {command}", command=command("check", kata))
    if not others:
        raise KatasError(
            "There are no solutions of {number} here: {folder} does not exist.",
            "Next: ask whoever gave you the course, or look into its public repository.",
            number=f"{chosen.number:02}",
            folder=course / "solutions" / chosen.name,
        )
    report = _grade([chosen], course)
    _noted(course, report)
    if not report.solved:
        lessons.not_yet(report.katas[0])
        return UNSOLVED
    lessons.solutions(report.katas[0].answer, others)
    return SOLVED


@click.command("list")
def list_() -> int:
    """List all katas: what is solved, and the hints taken."""
    return _look_at_all(catalog.course_here(), lessons.listing)


@click.command("next")
def next_() -> int:
    """Go on to the next unsolved kata."""
    course = catalog.course_here()

    def go_on(report: Report, known: Progress) -> None:
        chosen = learning.next_kata(report, known.current)
        if chosen:
            known.current = chosen.slug
            progress.save(course, known)
        lessons.way_on(report, chosen)

    return _look_at_all(course, go_on)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> int:
    """Write the course into FOLDER, a new one of your own: the katas, their checks, and how to begin."""
    lessons.begun(folder, initialising.init(folder))
    return SOLVED


@click.command()
@click.option("--from", "source", metavar="REMOTE", help="A git remote or URL; otherwise, where this clone came from.")
@click.option("--restore", is_flag=True, help="In a folder of `katas init`: put the course's own files back.")
def update(source: str | None, *, restore: bool) -> int:
    """Take over the newest course; every file that you changed stays as it is.

    A clone takes it from where it came; a folder of `katas init`, from the version that is installed.
    """
    course = catalog.course_here()
    own = initialising.made(course)
    if (source and own) or (restore and not own):
        raise KatasError(
            "--from is for a git clone, and --restore for a folder of `katas init`; {course} is the other one.",
            "Next: {command}",
            course=course.resolve(),
            command=command("update"),
        )
    if restore:
        lessons.restored(initialising.restore(course))
        return SOLVED
    done = initialising.update(course) if own else updating.update(course, source)
    lessons.update(done, [localisation.localise_kata(kata) for kata in catalog.discover(course)])
    return SOLVED


def _look_at_all(course: Path, tell: Callable[[Report, Progress], None]) -> int:
    """Grade all katas and tell of it, and close the course where that is due."""
    katas = catalog.discover(course)
    report = _grade(katas, course)
    known = _noted(course, report)
    tell(report, known)
    if learning.finished(course, katas, report, known):
        close(course, katas)
    return SOLVED


def _grade(katas: Sequence[Kata], course: Path, *, isolate: bool = False) -> Report:
    """Grade the learner's own answers; the report is in their language."""
    return localisation.localise(submission.grade(katas, course / "katas", isolate=isolate, level=Level.LEARNER))


def _known(course: Path) -> Progress:
    return _told(progress.load(course))


def _noted(course: Path, report: Report) -> Progress:
    return _told(progress.remember(course, report)[0])


def _told(known: Progress) -> Progress:
    if known.notice:
        click.echo(localisation.localise_message(known.notice), err=True)
    return known


def close(course: Path, katas: Sequence[Kata]) -> None:
    """After the last kata: run everything again, each kata by itself, and show and write what is worth keeping."""
    lessons.once_more()
    report = _grade(katas, course, isolate=True)
    known = _noted(course, report)
    if report.solved < len(katas):
        terminal.show(report, narrow=False, output=None)
        return
    kept = learning.summary_path(course)
    texts = {kept: summary.markdown(report, known), kept.with_name("badge.svg"): summary.badge(report, known)}
    kept.parent.mkdir(exist_ok=True)
    for path, text in texts.items():
        if path.exists() and path.read_bytes() != text.encode():
            keeping.back_up(path, course)
        keeping.write(path, text.encode())
    summary.terminal(report, known, kept)


def _in_work(katas: list[Kata], course: Path, known: Progress) -> KataResult | None:
    """Return the kata to go on with; all are run only where the current one does not settle it."""
    current = [kata for kata in katas if kata.slug == known.current]
    result = _grade(current, course).in_work(known.current) if current else None
    return result or _grade(katas, course).in_work(None)


COMMANDS = {str(found.name): found for found in (hint, init, list_, next_, reset, solution, update)}
