"""One submission: assemble its answers, run them, score what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from asyncio_katas import children, running, scoring, staging
from asyncio_katas.isolation.levels import Level
from asyncio_katas.records import Kata, KataResult, Report


def grade_answer(kata: Kata, answer: Path, *, level: Level = Level.LEARNER, until_failure: bool = False) -> KataResult:
    """Grade one answer in a child of its own; with `until_failure`, up to the first check that does not pass."""
    with staging.stage() as root:
        assembly = staging.assemble(kata, answer, root)
        seen = running.grade([assembly], str(root), isolate=True, level=level, until_failure=until_failure)
        return scoring.score([assembly], seen).katas[0]


@dataclass(frozen=True)
class Prepared:
    """A folder to stage answers in, and children that get ready below it meanwhile."""

    root: Path
    waiting: list[children.Child]

    def take(self) -> list[children.Child]:
        """Take the children over: whoever does ends them."""
        return [self.waiting.pop() for _ in list(self.waiting)]


@contextmanager
def prepared(katas: int) -> Iterator[Prepared]:
    """Start what a learner's check of about so many katas takes, while it is still being found out what that is."""
    with staging.stage() as root:
        ready = Prepared(root, [])
        try:
            for _ in range(running.most_children(katas)):
                ready.waiting.append(children.start(str(root), warm=False))
            yield ready
        finally:
            for child in ready.take():
                children.discard(child)


def grade(
    chosen: Sequence[Kata],
    submission: Path,
    *,
    isolate: bool = False,
    level: Level | None = None,
    ready: Prepared | None = None,
) -> Report:
    """Assemble, run and score these katas with a submission's answers.

    With `isolate` they are a stranger's: each kata gets a process of its own with everything that can stand between
    it and the rest, or with what belongs to `level`. What was made `ready` before serves a learner's own check.
    """
    level = level or (Level.FULL if isolate else Level.LEARNER)
    with nullcontext(ready.root) if ready else staging.stage() as root:
        answers = [(kata, staging.answer_path(kata, submission)) for kata in chosen]
        # A stranger's link may lead to the solutions.
        within = None if level is Level.LEARNER else submission
        assemblies = [staging.assemble(kata, answer, root, within=within) for kata, answer in answers]
        waiting = ready.take() if ready else []
        seen = running.grade(assemblies, str(root), isolate=isolate, level=level, waiting=waiting)
        return scoring.score(assemblies, seen)
