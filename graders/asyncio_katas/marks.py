"""What a teacher's gradebook is about: submissions, what was found in them, and what came of grading them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

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
class Submission:
    """What one person handed in: the answers found, and by slug why what was found is none.

    `unreadable` says why nothing could be looked at; then there are no answers. `notes` are for the teacher.
    """

    name: str
    source: str
    answers: tuple[Answer, ...] = ()
    unusable: dict[str, Message] = field(default_factory=dict)
    notes: tuple[Message, ...] = ()
    timing: Timing = field(default_factory=Timing)
    unreadable: Message | None = None

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
    """Another submission whose answer to the same kata has much in common with this one; shares from 0 to 1."""

    slug: str
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
    left after the `penalty` for being late; `passed` is None where the rubric has no pass mark.
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

    def kata(self, slug: str) -> KataResult | None:
        """Return one kata's result, if that kata was graded."""
        return next((result for result in self.report.katas if result.kata.slug == slug), None)

    @property
    def held_back_passed(self) -> int:
        """How many held-back checks passed."""
        return sum(1 for held in self.held_back if held.outcome is Outcome.PASSED)
