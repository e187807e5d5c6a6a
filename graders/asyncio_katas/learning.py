"""Hints in steps, the stub brought back, and the answers of the course."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncio_katas.progress import Progress
from asyncio_katas.records import Kata, KataResult, KatasError, Outcome


@dataclass(frozen=True)
class Hint:
    """One rung of a task's ladder."""

    task: int
    number: int
    of: int
    text: str


def hint(kata: Kata, result: KataResult, progress: Progress) -> Hint | None:
    """Return the next rung for the first task that fails, and note that it was taken."""
    failing = next((check.check.task for check in result.checks if check.outcome is not Outcome.PASSED), None)
    if failing is None or not kata.tasks[failing - 1].hints:
        return None
    ladder = kata.tasks[failing - 1].hints
    taken = progress.hints.setdefault(kata.slug, {})
    taken[str(failing)] = number = min(taken.get(str(failing), 0) + 1, len(ladder))
    return Hint(failing, number, len(ladder), ladder[number - 1])


def reset(kata: Kata, course: Path) -> Path:
    """Put the stub back as the course has it; return where the text that was there is kept."""
    answer = kata.folder / f"{kata.slug}.py"
    shown = subprocess.run(
        ["git", "show", f"HEAD:./{answer.relative_to(course).as_posix()}"], cwd=course, capture_output=True, check=False
    )
    if shown.returncode:
        raise KatasError(f"git does not know the stub of {kata.name}.", f"Next: git status {answer}")
    backup = answer.with_name(f"{kata.slug}.{datetime.now(UTC):%Y%m%d-%H%M%S}.bak")
    backup.write_bytes(answer.read_bytes() if answer.exists() else b"")
    answer.write_bytes(shown.stdout)
    return backup


def answers(kata: Kata, course: Path) -> list[Path]:
    """Return the reference and the other right answers; none where the course came without them."""
    folder = course / "solutions" / kata.name
    return [path for path in [folder / f"{kata.slug}.py", *sorted(folder.glob("right/*.py"))] if path.exists()]
