"""The command of a teacher: grade what was handed in. It reads as a short list of named steps."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from asyncio_katas import catalog, keeping, language, variants
from asyncio_katas.invocation import command
from asyncio_katas.language import say
from asyncio_katas.marking import (
    claims,
    gradebook,
    grading,
    held_back,
    received,
    roster,
    rubric,
    secret,
    similarity,
    submissions,
)
from asyncio_katas.marking.gradebook import Gradebook
from asyncio_katas.marking.grading import Graded, Task
from asyncio_katas.marking.held_back import HeldBack
from asyncio_katas.marking.received import Received
from asyncio_katas.marking.rubric import Rubric
from asyncio_katas.marking.workers import workers
from asyncio_katas.marks import Failures, Marked, Person, Row, Submission
from asyncio_katas.records import GraderFault, Kata, KatasError
from asyncio_katas.rendering import class_report, grades, hiring, marking
from asyncio_katas.rendering.marking import View

DONE, NOT_ALL = 0, 1
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
# What `--held-back` without a folder stands for.
_OURS = "solutions"


@dataclass(frozen=True)
class _Run:
    """One run: what is graded, against which checks, and what the gradebook is asked for.

    `every` are the katas of the course and their variants.
    """

    every: Sequence[Kata]
    chosen: Sequence[Kata]
    held_back: Sequence[HeldBack]
    reader: submissions.Reader
    rubric: Rubric
    people: dict[str, Person]
    claimed: dict[str, float]
    book: Gradebook
    regrade: bool

    @property
    def terms(self) -> str:
        """Which held-back checks this run asks for."""
        return held_back.terms(self.held_back)

    def open_submissions(self, paths: Sequence[Path], view: View) -> Iterator[Submission]:
        """Give the submissions to be graded, as they are asked for; one that has not changed keeps its grading."""
        for path in paths:
            found = self.reader.read(path)
            known = self.book.known(found.name)
            if (
                not self.regrade
                and known
                and known.digest == found.digest
                and known.katas >= self._asked(found)
                and self.terms in {"", known.terms}
            ):
                view.skipped()
            else:
                yield found

    def _asked(self, found: Submission) -> set[str]:
        """Return the katas asked for; of a take-home, those that were handed out."""
        asked = {kata.slug for kata in self.chosen}
        return asked & found.handed_out.variants.keys() if found.handed_out else asked

    def katas_of(self, found: Submission) -> list[Kata]:
        """Return the katas to grade: those asked for, and those that count for this submission already.

        Those of a take-home are graded in the variants that were handed out.
        """
        known = self.book.known(found.name)
        counting = known.katas if known else frozenset[str]()
        out = found.handed_out.variants if found.handed_out else {}
        slugs = self._asked(found) | (counting & out.keys() if found.handed_out else counting)
        return [kata for kata in self.every if kata.slug in slugs and kata.variant == out.get(kata.slug, variants.OWN)]

    def marked(self, name: str) -> Marked:
        """Return a submission as the gradebook and the rubric have it."""
        known = self.rubric.apply(self.book.one(name, self.every))
        return replace(known, person=self.people.get(name), claimed=self.claimed.get(name))


@click.command()
@click.argument("places", nargs=-1, required=True, metavar="SUBMISSIONS...", type=click.Path(path_type=Path))
@click.option("--katas", "words", multiple=True, help="Grade only these: numbers or names, with commas between them.")
@click.option("--held-back", "folders", multiple=True, is_flag=False, flag_value=_OURS, metavar="[DIR]",
              help="Run the held-back checks too: the course's, or those in a folder of your own.")  # fmt: skip
@click.option("--seed-file", type=click.Path(dir_okay=False, path_type=Path),
              help="The secret that held-back inputs derive from; made if it does not exist.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=1), help="So many submissions at a time; two per core otherwise.")
@click.option("--scheduler", help="Grade on a Dask cluster: the address of its scheduler, tcp://...")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("grades"), show_default=True,
              help="The folder for the reports.")  # fmt: skip
@click.option("--gradebook", "book", type=click.Path(dir_okay=False, path_type=Path),
              help="The gradebook; OUT/gradebook.sqlite otherwise.")  # fmt: skip
@click.option("--roster", "people", type=_FILE, help="CSV: submission,name,email,id,login,section.")
@click.option("--rubric", "weights", type=_FILE, help="TOML: points, late penalty, pass mark.")
@click.option("--claimed", "claims_file", type=_FILE,
              help="CSV: submission,points: scores from elsewhere, to be compared.")  # fmt: skip
@click.option("--deadline", help="ISO 8601. Of a git repository, the last commit before it is graded.")
@click.option("--received", "arrived", type=_FILE, help="CSV: submission,received[,commit]: the server's times.")
@click.option("--handed-out", help="ISO 8601, for the reports on single candidates.")
@click.option("--key-file", type=_FILE, help="The key that the manifests of take-homes are authenticated with.")
@click.option("--regrade", is_flag=True, help="Grade unchanged submissions again too.")
def grade(
    *,
    places: tuple[Path, ...],
    words: tuple[str, ...],
    folders: tuple[str, ...],
    seed_file: Path | None,
    jobs: int | None,
    scheduler: str | None,
    out: Path,
    book: Path | None,
    people: Path | None,
    weights: Path | None,
    claims_file: Path | None,
    deadline: str | None,
    arrived: Path | None,
    handed_out: str | None,
    key_file: Path | None,
    regrade: bool,
) -> int:
    """Grade a class: each of SUBMISSIONS is a folder, a zip or tar archive, a git repository, or a folder of such."""
    # Its reports are in English so far, and half a translation would be none.
    language.use("en")
    course = catalog.course_here()
    every = catalog.discover(course)
    chosen = catalog.select(every, catalog.listed(words), "grade")
    started = received.moment(handed_out, "--handed-out") if handed_out else None
    known = roster.load(people) if people else {}
    claimed = claims.load(claims_file) if claims_file else {}
    paths = submissions.find(places, every)
    with variants.others(every, course) as others:
        forms = sorted([*every, *others], key=lambda kata: (kata.number, kata.variant))
        reader = submissions.Reader(
            every,
            received.moment(deadline, "--deadline") if deadline else None,
            received.load(arrived) if arrived else Received(),
            others,
            secret.kept(key_file, "--key-file") if key_file else None,
            gradebook.version(forms),
        )
        rules = rubric.load(weights, forms) if weights else Rubric()
        checks = _held_back(
            [kata for kata in forms if kata.slug in {one.slug for one in chosen}], course, folders, seed_file
        )
        _make(out)
        with gradebook.opened(book or out / "gradebook.sqlite", reader.version, _words()) as opened:
            run = _Run(forms, chosen, checks, reader, rules, known, claimed, opened, regrade)
            with workers(jobs, scheduler) as (executor, count):
                faults, skipped = _grade(run, paths, executor, count)
            counting = [kata for kata in forms if kata.slug in opened.katas()]
            own = [kata for kata in counting if kata.variant == variants.OWN]
            rows, failures = _pages(run, counting, out, started)
            alike = similarity.find(opened, own, others, course) if similarity.available() else None
    absent = roster.absent(known, [row.name for row in rows])
    _write(out / "grades.csv", grades.own(rows, absent, own))
    _write(out / "moodle.csv", grades.moodle(rows))
    _write(out / "canvas.csv", grades.canvas(rows, "asyncio katas"))
    pages = class_report.page_names([row.name for row in rows])
    _write(out / "index.html", class_report.render(rows, absent, failures, alike, katas=counting, pages=pages))
    marking.close(rows, absent, out, skipped)
    if faults:
        again = command("grade", *_words())
        raise GraderFault(
            say("{count} submissions are not in the gradebook.\nNext: {command}", count=faults, command=again)
        )
    return NOT_ALL if any(row.state == grades.UNGRADABLE for row in rows) else DONE


def _held_back(chosen: Sequence[Kata], course: Path, folders: Sequence[str], seed_file: Path | None) -> list[HeldBack]:
    if not folders:
        # Not for the answers to see, whether it is used or not.
        os.environ.pop(held_back.VARIABLE, None)
        return []
    seed = held_back.secret(seed_file)
    places = [course / _OURS if folder == _OURS else Path(folder) for folder in folders]
    return [held for place in places for held in held_back.load(chosen, place, seed)]


def _grade(run: _Run, paths: Sequence[Path], executor: Executor, jobs: int) -> tuple[int, int]:
    """Grade what is to be graded; return at how many the grader failed, and how many were unchanged."""
    faults, graded = 0, 0

    def prepare(found: Submission) -> Task:
        return grading.task(found, run.katas_of(found), run.held_back)

    def record(result: Graded) -> None:
        nonlocal faults, graded
        graded += 1
        if result.fault:
            faults += 1
            view.failed(result.submission.name, result.fault)
            return
        run.book.add(result, run.katas_of(result.submission), run.terms)
        view.graded(grades.row(run.marked(result.submission.name)))

    with marking.view(len(paths)) as view:
        try:
            grading.grade(run.open_submissions(paths, view), executor, jobs, prepare, record)
        except KeyboardInterrupt:
            view.line("Stopped. Everything graded so far is in the gradebook.")
            view.line("Next: {command}", command=command("grade", *_words()))
            raise
    return faults, len(paths) - graded


def _pages(run: _Run, katas: Sequence[Kata], out: Path, handed_out: datetime | None) -> tuple[list[Row], Failures]:
    """Write the pages of all submissions, one after the other; return what the reports on the class need of them."""
    rows, failures = list[Row](), Failures()
    stubs = {kata.label: (kata.folder / f"{kata.slug}.py").read_text(encoding="utf-8") for kata in katas}
    for folder in ("submissions", "hiring"):
        _make(out / folder)
    names = run.book.names()
    pages = class_report.page_names(names)
    for name in names:
        marked = run.marked(name)
        rows.append(grades.row(marked))
        failures.add(marked)
        page = out / pages[name]
        _write(page, class_report.submission(marked, rows[-1]))
        _write(out / "hiring" / page.name, hiring.render(marked, rows[-1], stubs, handed_out))
    return rows, failures


def _words() -> list[str]:
    """Return what stands behind `grade` on the command line, fit to be run again."""
    words = sys.argv[sys.argv.index("grade") + 1 :] if "grade" in sys.argv else []
    return [f'"{word}"' if " " in word else word for word in words if word != "--regrade"]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KatasError(
            "The folder {folder} for the reports cannot be made: {why}.",
            "Next: choose another --out.",
            folder=folder,
            why=error.strerror,
        ) from None


def _write(path: Path, text: str) -> None:
    try:
        keeping.write(path, text.encode())
    except OSError as error:
        raise KatasError(
            "{path} cannot be written: {why}. The grades themselves are safe in the gradebook.",
            "Next: see to it, and run the same command again: {command}",
            path=path,
            why=error.strerror,
            command=command("grade", *_words()),
        ) from None
