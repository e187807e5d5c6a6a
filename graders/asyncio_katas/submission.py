"""One submission: assemble its answers, run them, score what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asyncio_katas import running, scoring, staging
from asyncio_katas.records import Kata, KataResult, Report


def grade_answer(kata: Kata, answer: Path, *, until_failure: bool = False) -> KataResult:
    """Grade one answer in a child of its own; with `until_failure`, up to the first check that does not pass."""
    with staging.stage() as root:
        assembly = staging.assemble(kata, answer, root)
        seen = running.grade([assembly], str(root), isolate=True, until_failure=until_failure)
        return scoring.score([assembly], seen).katas[0]


def grade(chosen: Sequence[Kata], submission: Path, *, isolate: bool = False) -> Report:
    """Assemble, run and score these katas with a submission's answers."""
    with staging.stage() as root:
        answers = [(kata, staging.answer_path(kata, submission)) for kata in chosen]
        assemblies = [staging.assemble(kata, answer, root) for kata, answer in answers]
        seen = running.grade(assemblies, str(root), isolate=isolate)
        return scoring.score(assemblies, seen)
