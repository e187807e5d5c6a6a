"""Grades as tables: our own, and those that Moodle and Canvas take; documented in docs/grading.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from asyncio_katas.language import say
from asyncio_katas.marks import Cell, Marked, Person, Row
from asyncio_katas.records import Kata, KataResult

UNGRADABLE = "ungradable"
# A spreadsheet would take a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OWN = ["submission", "name", "email", "id", "state", "points", "max_points", "percent", "passed", "penalty",
        "late_hours", "clock", "held_back_passed", "held_back", "tampered", "claimed", "remarks",
        "variants"]  # fmt: skip


def row(marked: Marked) -> Row:
    """Return a submission as a class report shows it."""
    return Row(
        marked.name,
        marked.person or Person(marked.name),
        _state(marked),
        tuple(_remarks(marked)),
        marked.points,
        marked.max_points,
        marked.passed,
        marked.penalty,
        marked.submission.timing.late_s,
        marked.submission.timing.clock,
        marked.held_back_passed,
        len(marked.held_back),
        tuple(result.kata.slug for result in marked.tampered),
        tuple(_cell_of(marked, result) for result in marked.report.katas),
        marked.claimed,
        marked.earned,
        tuple(_variants(marked)),
    )


def _variants(marked: Marked) -> Iterator[str]:
    """Give the variants of a take-home's katas."""
    for result in marked.report.katas if marked.submission.handed_out else ():
        yield f"{result.kata.number:02} {result.kata.variant}"


def _cell_of(marked: Marked, result: KataResult) -> Cell:
    absent = f"{result.kata.slug}.py" in marked.absent
    checks = len(result.checks)
    return Cell(result.kata.slug, result.outcome, result.passed, checks, result.points, result.max_points, absent)


def own(rows: Iterable[Row], absent: Sequence[Person], katas: Sequence[Kata]) -> str:
    """Return everything there is to know as a number or a short text, one line per submission, points per kata last."""
    lines: list[list[object]] = [[*_OWN, *(kata.slug for kata in katas)]]
    for one in rows:
        cells = {cell.slug: cell.points for cell in one.cells}
        lines.append(
            [
                one.name,
                one.person.name,
                one.person.email,
                one.person.id,
                one.state,
                number(one.points),
                number(one.max_points),
                number(one.percent),
                "" if one.passed is None else {True: "yes", False: "no"}[one.passed],
                number(one.penalty),
                number(round(one.late_s / 3600, 2)),
                one.clock,
                one.held_back_passed,
                one.held_back,
                " ".join(one.tampered),
                "" if one.claimed is None else number(one.claimed),
                " ".join(one.remarks),
                ", ".join(one.variants),
                *(cells.get(kata.slug, "") for kata in katas),
            ]
        )
    for person in absent:
        facts: list[object] = [person.submission, person.name, person.email, person.id, "absent", "0"]
        lines.append([*facts, *[""] * (len(lines[0]) - len(facts))])
    return _table(lines)


def moodle(rows: Iterable[Row]) -> str:
    """Return what Moodle's "Grade import" takes, to be mapped by email address or ID number."""
    lines: list[list[object]] = [["Email address", "ID number", "Full name", "Grade", "Maximum grade", "Feedback"]]
    for one in rows:
        feedback = " ".join([standing(one), *one.remarks])
        points, most = number(one.points), number(one.max_points)
        lines.append([one.person.email, one.person.id, one.person.name or one.name, points, most, feedback])
    return _table(lines)


def canvas(rows: Sequence[Row], assignment: str) -> str:
    """Return what Canvas's gradebook imports, for one assignment; its second line says how many points there are."""
    most = max((one.max_points for one in rows), default=0.0)
    lines: list[list[object]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment],
        ["Points Possible", "", "", "", "", number(most)],
    ]
    for one in rows:
        person = one.person
        name, login = person.name or one.name, person.login or person.email
        lines.append([name, person.id, "", login, person.section, number(one.points)])
    return _table(lines)


def standing(one: Row) -> str:
    """Return the standing of a submission in one sentence."""
    return say(
        "{solved} of {katas} katas solved, {points} of {most} points.",
        solved=one.solved,
        katas=len(one.cells),
        points=number(one.points),
        most=number(one.max_points),
    )


def _state(marked: Marked) -> str:
    """Return in a word what could be done; `ungradable` means that a human has to look, at one answer at least."""
    if marked.submission.unreadable or marked.submission.unusable:
        return UNGRADABLE
    if marked.absent:
        return "incomplete" if marked.submission.answers else "empty"
    return "complete"


def _remarks(marked: Marked) -> list[str]:
    """Return what a teacher should know: what could not be graded and why, and what was found on the way."""
    found = marked.submission
    reasons = [found.unreadable] if found.unreadable else []
    absent = [say("Not handed in: {files}.", files=", ".join(marked.absent))] if marked.absent else []
    claimed = [claim(marked.claimed, marked.earned)] if marked.claimed not in {None, marked.earned} else []
    return [*(str(message) for message in [*reasons, *found.unusable.values(), *found.notes]), *absent, *claimed]


def claim(claimed: float | None, earned: float) -> str:
    """Return in a sentence that a claim is not what the checks give."""
    return say(
        "{claimed} points are claimed, the checks give {earned}.", claimed=number(claimed or 0), earned=number(earned)
    )


def number(value: float) -> str:
    """Return a number as people write it: without a fraction where it has none."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def _table(lines: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_cell(value) for value in line] for line in lines)
    return stream.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
