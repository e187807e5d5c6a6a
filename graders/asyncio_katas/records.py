"""The records everything else passes around: what a course contains, what a child saw, what a report says."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from asyncio_katas.lab.messages import Message


class Outcome(StrEnum):
    """How a check or a whole kata ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    TIMEOUT = "timeout"
    NOT_RUN = "not_run"
    NOT_STARTED = "not_started"
    TAMPERED = "tampered"


class KatasError(Exception):
    """Bad usage or a bad course: one fact, and the exact next command or step, both filled from `values`."""

    def __init__(self, fact: str, next_step: str, /, **values: object) -> None:
        said = {name: str(value) for name, value in values.items()}
        self.fact = Message(fact, said)
        self.next_step = Message(next_step, said)
        super().__init__(f"{self.fact}\n{self.next_step}")


class GraderFault(Exception):  # noqa: N818 - the word in the documentation
    """The grader itself failed; nobody's answer is to blame."""


@dataclass(frozen=True)
class Check:
    """One check of a kata, as its pristine file declares it. `limit_s` is in real seconds."""

    id: str
    title: str
    task: int
    limit_s: float


@dataclass(frozen=True)
class Task:
    """One task of a kata; `points` is what each of its checks is worth."""

    number: int
    title: str
    points: int
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Kata:
    """One kata of the course. `sealed` is the digest its check file had when the course was published.

    `variant` is another letter than "a" where the last task is not the course's own, but one made for take-homes.
    """

    number: int
    slug: str
    title: str
    folder: Path
    tasks: tuple[Task, ...]
    checks: tuple[Check, ...]
    prerequisites: tuple[str, ...]
    sealed: str
    digest: str
    variant: str = "a"

    @property
    def label(self) -> str:
        """The name, and the variant where it is not the course's own."""
        return self.name if self.variant == "a" else f"{self.name} {self.variant}"

    @property
    def name(self) -> str:
        """The folder's name, number included."""
        return self.folder.name

    @property
    def check_file(self) -> Path:
        """The pristine checks."""
        return self.folder / f"test_{self.slug}.py"

    @property
    def changed(self) -> bool:
        """Whether the check file is no longer the course's."""
        return self.sealed != self.digest

    def points(self, check: Check) -> int:
        """Return what a check is worth."""
        return self.tasks[check.task - 1].points


@dataclass(frozen=True)
class Spot:
    """A line of somebody's file."""

    path: str
    line: int
    source: str


@dataclass(frozen=True)
class Finding:
    """What is known about one check that was run, or that could not be; `mark` is the text in its timeline."""

    outcome: Outcome
    message: Message | None = None
    look: Message | None = None
    spot: Spot | None = None
    output: str = ""
    timeline: dict[str, Any] | None = None
    mark: Message | None = None


@dataclass
class Observation:
    """What the children told about one kata."""

    findings: dict[str, Finding] = field(default_factory=dict)
    isolation: str = "process"
    duration_s: float = 0.0


@dataclass(frozen=True)
class CheckResult:
    """One check in a report."""

    check: Check
    finding: Finding
    points: int
    max_points: int

    @property
    def outcome(self) -> Outcome:
        """How the check ended."""
        return self.finding.outcome


@dataclass(frozen=True)
class KataResult:
    """One kata in a report; `answer` is the file that was graded."""

    kata: Kata
    answer: Path
    outcome: Outcome
    checks: tuple[CheckResult, ...]
    isolation: str
    duration_s: float

    @property
    def points(self) -> int:
        """Points earned."""
        return sum(result.points for result in self.checks)

    @property
    def max_points(self) -> int:
        """Points to be had."""
        return sum(result.max_points for result in self.checks)

    @property
    def solved(self) -> bool:
        """Whether every check passed."""
        return self.outcome is Outcome.PASSED

    @property
    def passed(self) -> int:
        """How many checks passed."""
        return sum(1 for result in self.checks if result.outcome is Outcome.PASSED)

    @property
    def first_failure(self) -> CheckResult | None:
        """The check to look at first: one that neither passed nor only waits to be written."""
        quiet = (Outcome.PASSED, Outcome.NOT_STARTED)
        return next((result for result in self.checks if result.outcome not in quiet), None)

    @property
    def failing_task(self) -> int | None:
        """The number of the first task with a check that did not pass, begun or not; None if the kata is solved."""
        return next((result.check.task for result in self.checks if result.outcome is not Outcome.PASSED), None)


@dataclass(frozen=True)
class Report:
    """One grading of one submission."""

    katas: tuple[KataResult, ...]

    @property
    def points(self) -> int:
        """Points earned."""
        return sum(result.points for result in self.katas)

    @property
    def max_points(self) -> int:
        """Points to be had."""
        return sum(result.max_points for result in self.katas)

    @property
    def solved(self) -> int:
        """How many katas are solved."""
        return sum(1 for result in self.katas if result.solved)

    def in_work(self, current: str | None) -> KataResult | None:
        """Return the kata to go on with, None if all are solved.

        That is the one with the slug `current`, unless it is solved; else the first that was begun; else the first.
        """
        unsolved = [result for result in self.katas if not result.solved]
        chosen = [result for result in unsolved if result.kata.slug == current]
        begun = [result for result in unsolved if result.outcome is not Outcome.NOT_STARTED]
        return next(iter(chosen or begun or unsolved), None)


@dataclass(frozen=True)
class Claim:
    """One thing that must hold of a kata, and the problem with it, if any.

    It is `about` the course's files, the stub, a right answer's passing, that of the held-back checks too, a wrong
    one's rejection, the naming of its mistake, or a README's example.
    """

    about: str
    name: str
    problem: Message | None = None


@dataclass(frozen=True)
class Proof:
    """Everything that was tried of one kata."""

    kata: Kata
    claims: tuple[Claim, ...]

    @property
    def problems(self) -> list[Claim]:
        """What does not hold."""
        return [claim for claim in self.claims if claim.problem]

    def count(self, about: str) -> tuple[int, int]:
        """Return how many claims about this hold, and how many there are."""
        claims = [claim for claim in self.claims if claim.about == about]
        return sum(1 for claim in claims if not claim.problem), len(claims)
