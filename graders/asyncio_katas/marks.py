"""What a teacher's gradebook is about: submissions, what was found in them, and what came of grading them."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import KataResult, Outcome, Report


@dataclass(frozen=True)
class Answer:
    """One answer file as it was handed in; `path` is where it lay inside the submission."""

    slug: str
    path: str
    content: bytes


@dataclass(frozen=True)
class Timing:
    """When a submission was handed in, and who says so.

    `clock` is "server" for times from a file of received submissions, "commits" for a repository's own dates, which
    are the student's, and empty where nobody says. `late_s` is in real seconds after the deadline; of a repository
    graded at its last commit in time, it is how late the commits were that were left out.
    """

    clock: str = ""
    handed_in: datetime | None = None
    late_s: float = 0.0
    commit: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class HandedOut:
    """What the authentic manifest of a take-home says: to whom it was given and when, and the variant of each kata.

    `minutes` is the time given, None where there was no limit; `course` is the version of the course.
    """

    candidate: str
    at: datetime
    minutes: int | None
    course: str
    variants: dict[str, str]

    @property
    def due(self) -> datetime | None:
        """When the time given is over."""
        return None if self.minutes is None else self.at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Submission:
    """What one person handed in: the answers found, and by slug why what was found is none.

    `unreadable` says why nothing could be looked at; then there are no answers. `notes` are for the teacher.
    `handed_out` is what the authentic manifest of a take-home says, None where there is none.
    """

    name: str
    source: str
    answers: tuple[Answer, ...] = ()
    unusable: dict[str, Message] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()
    timing: Timing = field(default_factory=Timing)
    unreadable: Message | None = None
    handed_out: HandedOut | None = None

    @property
    def digest(self) -> str:
        """What the submission holds, as far as it is graded: another one whenever that changes."""
        known = hashlib.sha256()
        for answer in sorted(self.answers, key=lambda answer: answer.slug):
            known.update(f"{answer.slug}\0{answer.path}\0{len(answer.content)}\0".encode())
            known.update(answer.content)
        for slug, message in sorted(self.unusable.items()):
            known.update(f"{slug}\0{message}\0".encode())
        known.update(f"{self.unreadable}\0{self.timing}\0{[str(note) for note in self.notes]}".encode())
        if self.handed_out:
            known.update(f"\0{self.handed_out}".encode())
        return known.hexdigest()


@dataclass(frozen=True)
class HeldBackResult:
    """One held-back check: nobody is told more than its title and its outcome."""

    slug: str
    check: str
    title: str
    task: int
    outcome: Outcome


@dataclass(frozen=True)
class Similar:
    """Two submissions whose answers to the same kata have much in common: which share of each, from 0 to 1."""

    slug: str
    name: str
    other: str
    own_share: float
    other_share: float


@dataclass(frozen=True)
class Person:
    """One line of the roster: who a submission is from, and by what an LMS knows them. Empty where not told."""

    submission: str
    name: str = ""
    email: str = ""
    id: str = ""
    login: str = ""
    section: str = ""


@dataclass(frozen=True)
class Marked:
    """One submission in the gradebook, with its points as the rubric counts them.

    `terms` names the held-back checks and the seed they were run with; empty where none were. `points` is what is
    left after the `penalty` for being late; `passed` is None where the rubric has no pass mark. `claimed` is what
    somebody else says that it earned, before any rubric; None where nobody does.
    """

    submission: Submission
    report: Report
    held_back: tuple[HeldBackResult, ...]
    graded_at: str
    terms: str
    points: float
    max_points: float
    passed: bool | None = None
    penalty: float = 0.0
    person: Person | None = None
    claimed: float | None = None

    @property
    def name(self) -> str:
        """The submission's name."""
        return self.submission.name

    @property
    def absent(self) -> list[str]:
        """The files that were to be graded and were not handed in."""
        there = {answer.slug for answer in self.submission.answers} | set(self.submission.unusable)
        return [f"{result.kata.slug}.py" for result in self.report.katas if result.kata.slug not in there]

    @property
    def tampered(self) -> list[KataResult]:
        """The katas in which a check was tampered with."""
        return [result for result in self.report.katas if result.outcome is Outcome.TAMPERED]

    @property
    def earned(self) -> int:
        """Points as the course counts them, before any rubric or penalty."""
        return sum(
            result.kata.points(check.check)
            for result in self.report.katas
            for check in result.checks
            if check.outcome is Outcome.PASSED
        )

    def kata(self, slug: str) -> KataResult | None:
        """Return one kata's result, if that kata was graded."""
        return next((result for result in self.report.katas if result.kata.slug == slug), None)

    @property
    def held_back_passed(self) -> int:
        """How many held-back checks passed."""
        return sum(1 for held in self.held_back if held.outcome is Outcome.PASSED)


@dataclass(frozen=True)
class Cell:
    """How one submission stands in one kata."""

    slug: str
    outcome: Outcome
    passed: int
    checks: int
    points: int
    max_points: int
    absent: bool


@dataclass(frozen=True)
class Row:
    """One submission as a class report shows it: small, so that a class of thousands fits into memory.

    `state` is a word for what could be done; `remarks` are for the teacher, and name what could not be and why.
    `variants` are those of a take-home, like "06 b".
    """

    name: str
    person: Person
    state: str
    remarks: tuple[str, ...]
    points: float
    max_points: float
    passed: bool | None
    penalty: float
    late_s: float
    clock: str
    held_back_passed: int
    held_back: int
    tampered: tuple[str, ...]
    cells: tuple[Cell, ...]
    claimed: float | None
    earned: int
    variants: tuple[str, ...] = ()

    @property
    def disputed(self) -> bool:
        """Whether somebody claims other points than the checks give."""
        return self.claimed is not None and self.claimed != self.earned

    @property
    def percent(self) -> float:
        """The share of all points, from 0 to 100."""
        return round(100 * self.points / self.max_points, 1) if self.max_points else 0.0

    @property
    def solved(self) -> int:
        """How many katas are solved."""
        return sum(1 for cell in self.cells if cell.outcome is Outcome.PASSED)


@dataclass
class Failures:
    """How many failed each check, among those who handed in an answer to it; by the kata's label and check."""

    failed: Counter[tuple[str, str]] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)

    def add(self, marked: Marked) -> None:
        """Count one submission."""
        for answer in marked.submission.answers:
            result = marked.kata(answer.slug)
            if result is None:
                continue
            label = result.kata.label
            self.tried[label] += 1
            for check in result.checks:
                if check.outcome is not Outcome.PASSED:
                    self.failed[label, check.check.id] += 1
