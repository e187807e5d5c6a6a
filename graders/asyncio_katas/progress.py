"""The little that is remembered between runs: the kata in work, hints taken, and when each kata was first solved.

What is solved now is never taken from here: that is always found out by running.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asyncio_katas import keeping
from asyncio_katas.lab.messages import Message
from asyncio_katas.records import KatasError, Report


@dataclass
class Progress:
    """What one learner did in one clone; everything is keyed by slug, and slugs that are unknown here are kept.

    `hints` counts the rungs taken of each task's ladder, `solved` holds ISO times. `notice` is for the learner to read
    when the file could not be used; it is not saved.
    """

    current: str | None = None
    hints: dict[str, dict[str, int]] = field(default_factory=dict)
    solved: dict[str, str] = field(default_factory=dict)
    notice: Message | None = None

    def note_solved(self, report: Report) -> list[str]:
        """Note when each kata was first seen solved; return the slugs of those that are new."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new = [result.kata.slug for result in report.katas if result.solved and result.kata.slug not in self.solved]
        self.solved |= dict.fromkeys(new, now)
        return new

    def hints_taken(self, slug: str) -> int:
        """Return how many hints were taken in a kata."""
        return sum(self.hints.get(slug, {}).values())


def path(course: Path) -> Path:
    """Return where a course's progress is kept."""
    return course / keeping.STATE / "progress.json"


def load(course: Path) -> Progress:
    """Return what was saved, or a fresh start: a file that is missing or broken stops nobody.

    A broken one is set aside under another name, which `notice` says.
    """
    try:
        return _parse(json.loads(path(course).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Progress()
    except OSError as error:
        return Progress(notice=_unreadable(course, error.strerror or ""))
    except (ValueError, RecursionError):
        return Progress(notice=_set_aside(course))


def save(course: Path, progress: Progress) -> None:
    """Write the progress in one step."""
    data = asdict(progress)
    del data["notice"]
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    try:
        keeping.state_folder(course)
        keeping.write(path(course), text.encode())
    except OSError as error:
        raise KatasError(
            "Your progress could not be noted in {path}: {why}.",
            "Next: make that place writable, or delete it; nothing else is affected.",
            path=path(course),
            why=error.strerror,
        ) from None


def remember(course: Path, report: Report, *, current: str | None = None) -> tuple[Progress, list[str]]:
    """Note what a report on the learner's own answers shows, and the kata in work, if told.

    Return the progress, and the slugs that were never seen solved before. No verdict depends on this: what could not
    be noted is a `notice`.
    """
    progress = load(course)
    new = progress.note_solved(report)
    if new or current not in (None, progress.current):
        progress.current = current or progress.current
        try:
            save(course, progress)
        except KatasError as error:
            progress.notice = error.fact
    return progress, new


def _parse(data: Any) -> Progress:
    """Return the progress; raise ValueError if anything is not as `save` writes it."""
    if not isinstance(data, dict):
        raise ValueError("no object")  # noqa: TRY004 - one exception for everything that is wrong with the text
    current, hints, solved = data.get("current"), data.get("hints", {}), data.get("solved", {})
    good = (
        isinstance(current, str | None)
        and isinstance(hints, dict)
        and all(isinstance(rungs, dict) for rungs in hints.values())
        and all(type(taken) is int and taken >= 0 for rungs in hints.values() for taken in rungs.values())
        and isinstance(solved, dict)
        and all(isinstance(time, str) and datetime.fromisoformat(time) for time in solved.values())
    )
    if not good:
        raise ValueError("another shape")
    return Progress(current, hints, solved)


def _set_aside(course: Path) -> Message:
    broken = path(course)
    aside = broken.with_name(f"progress_broken_{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}.json")
    try:
        broken.replace(aside)
    except OSError as error:
        return _unreadable(course, error.strerror or "")
    values = {"path": str(broken), "aside": str(aside)}
    template = "{path} could not be read and is now {aside}. Hints taken and times start anew; your answers do not."
    return Message.of(template, values)


def _unreadable(course: Path, why: str) -> Message:
    template = "{path} could not be read: {why}. Hints taken and times are not shown; your answers are not affected."
    return Message.of(template, {"path": str(path(course)), "why": why})
