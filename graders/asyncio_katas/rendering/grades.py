"""Grades as tables: our own, and those that Moodle and Canvas take; documented in docs/grading.md."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from asyncio_katas.marks import Marked, Person
from asyncio_katas.records import Kata
from asyncio_katas.rendering.sentences import say

# A spreadsheet would take a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_OWN = ["submission", "name", "email", "id", "state", "points", "max_points", "percent", "passed", "penalty",
        "late_hours", "clock", "held_back_passed", "held_back", "tampered", "remarks"]  # fmt: skip


def own(all_marked: Iterable[Marked], absent: Sequence[Person], katas: Sequence[Kata]) -> str:
    """Return everything there is to know as a number or a short text, one line per submission, points per kata last."""
    rows: list[list[object]] = [[*_OWN, *(kata.slug for kata in katas)]]
    for marked in all_marked:
        person = marked.person or Person(marked.name)
        timing = marked.submission.timing
        rows.append(
            [
                marked.name,
                person.name,
                person.email,
                person.id,
                state(marked),
                number(marked.points),
                number(marked.max_points),
                number(percent(marked)),
                "" if marked.passed is None else {True: "yes", False: "no"}[marked.passed],
                number(marked.penalty),
                number(round(timing.late_s / 3600, 2)),
                timing.clock,
                marked.held_back_passed,
                len(marked.held_back),
                " ".join(result.kata.slug for result in marked.tampered),
                " ".join(remarks(marked)),
                *(result.points if (result := marked.kata(kata.slug)) else "" for kata in katas),
            ]
        )
    for person in absent:
        facts: list[object] = [person.submission, person.name, person.email, person.id, "absent", "0"]
        rows.append([*facts, *[""] * (len(rows[0]) - len(facts))])
    return _table(rows)


def moodle(all_marked: Iterable[Marked]) -> str:
    """Return what Moodle's "Grade import" takes, to be mapped by email address or ID number."""
    rows: list[list[object]] = [["Email address", "ID number", "Full name", "Grade", "Maximum grade", "Feedback"]]
    for marked in all_marked:
        person = marked.person or Person(marked.name)
        feedback = " ".join([feedback_line(marked), *remarks(marked)])
        points, most = number(marked.points), number(marked.max_points)
        rows.append([person.email, person.id, person.name or marked.name, points, most, feedback])
    return _table(rows)


def canvas(all_marked: Sequence[Marked], assignment: str) -> str:
    """Return what Canvas's gradebook imports, for one assignment; its second line says how many points there are."""
    most = max((marked.max_points for marked in all_marked), default=0.0)
    rows: list[list[object]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment],
        ["Points Possible", "", "", "", "", number(most)],
    ]
    for marked in all_marked:
        person = marked.person or Person(marked.name)
        name = person.name or marked.name
        rows.append([name, person.id, "", person.login or person.email, person.section, number(marked.points)])
    return _table(rows)


def feedback_line(marked: Marked) -> str:
    """Return the standing of a submission in one sentence."""
    return say(
        "{solved} of {katas} katas solved, {points} of {most} points.",
        solved=marked.report.solved,
        katas=len(marked.report.katas),
        points=number(marked.points),
        most=number(marked.max_points),
    )


def state(marked: Marked) -> str:
    """Return in a word what could be done; `ungradable` means that a human has to look, at one answer at least."""
    if marked.submission.unreadable or marked.submission.unusable:
        return "ungradable"
    if marked.absent:
        return "incomplete" if marked.submission.answers else "empty"
    return "complete"


def remarks(marked: Marked) -> list[str]:
    """Return what a teacher should know: what could not be graded and why, and what was found on the way."""
    found = marked.submission
    reasons = [found.unreadable] if found.unreadable else []
    absent = [say("Not handed in: {files}.", files=", ".join(marked.absent))] if marked.absent else []
    return [*(str(message) for message in [*reasons, *found.unusable.values(), *found.notes]), *absent]


def percent(marked: Marked) -> float:
    """Return the share of all points, from 0 to 100."""
    return round(100 * marked.points / marked.max_points, 1) if marked.max_points else 0.0


def number(value: float) -> str:
    """Return a number as people write it: without a fraction where it has none."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"


def _table(rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
