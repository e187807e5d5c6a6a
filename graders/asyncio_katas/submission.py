"""One submission: assemble its answers, run them, score what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asyncio_katas import running, scoring, staging
from asyncio_katas.isolation.levels import Level
from asyncio_katas.records import Kata, Report


def grade(chosen: Sequence[Kata], submission: Path, *, isolate: bool = False, level: Level | None = None) -> Report:
    """Assemble, run and score these katas with a submission's answers.

    With `isolate` they are a stranger's: each kata gets a process of its own with everything that can stand between
    it and the rest, or with what belongs to `level`.
    """
    level = level or (Level.FULL if isolate else Level.LEARNER)
    with staging.stage() as root:
        answers = [(kata, staging.answer_path(kata, submission)) for kata in chosen]
        # A stranger's link may lead to the solutions.
        within = None if level is Level.LEARNER else submission
        assemblies = [staging.assemble(kata, answer, root, within=within) for kata, answer in answers]
        seen = running.grade(assemblies, str(root), isolate=isolate, level=level)
        return scoring.score(assemblies, seen)
