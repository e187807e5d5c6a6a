"""One submission: assemble its answers, run them, score what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asyncio_katas import running, scoring, staging
from asyncio_katas.isolation.levels import Level
from asyncio_katas.records import Kata, KataResult, Report


def grade_answer(kata: Kata, answer: Path, *, level: Level = Level.LEARNER, until_failure: bool = False) -> KataResult:
    """Grade one answer in a child of its own; with `until_failure`, up to the first check that does not pass."""
    with staging.stage() as root:
        assembly = staging.assemble(kata, answer, root)
        seen = running.grade([assembly], str(root), isolate=True, level=level, until_failure=until_failure)
        return scoring.score([assembly], seen).katas[0]


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
