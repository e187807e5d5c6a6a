"""The little that is remembered between runs, in a readable file that is safe to delete."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

_FILE = ".katas/progress.json"


@dataclass
class Progress:
    """Which kata is in work, how many hints of which task were taken, and when a kata was first solved."""

    current: str | None = None
    hints: dict[str, dict[str, int]] = field(default_factory=dict)
    solved: dict[str, str] = field(default_factory=dict)


def load(course: Path) -> Progress:
    """Return what is remembered; nothing where the file is missing or unreadable."""
    try:
        return Progress(**json.loads((course / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Progress()


def save(course: Path, progress: Progress) -> None:
    """Write it down, all at once."""
    new = course / f"{_FILE}.new"
    new.parent.mkdir(exist_ok=True)
    new.write_text(json.dumps(asdict(progress), indent=2) + "\n", encoding="utf-8")
    os.replace(new, course / _FILE)  # noqa: PTH105 - a rename that overwrites, also on Windows
