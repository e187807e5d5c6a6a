"""When submissions came in, by the clock of a server; their own dates are whatever somebody has written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from asyncio_katas.marking import tables
from asyncio_katas.records import KatasError


@dataclass(frozen=True)
class Received:
    """The server's times, by submission; those of single commits by their hash."""

    submissions: dict[str, datetime] = field(default_factory=dict)
    commits: dict[str, datetime] = field(default_factory=dict)


def load(path: Path) -> Received:
    """Read the server's times: a CSV file with the columns `submission`, `received` and, if need be, `commit`."""
    known = Received()
    for row in tables.rows(path, {"submission", "received"}):
        when = moment(row["received"], row.where)
        if row["commit"]:
            known.commits[row["commit"].lower()] = when
        else:
            known.submissions[row.submission] = when
    return known


def moment(text: str, where: str) -> datetime:
    """Read a moment in ISO 8601 that stands `where`; one without an offset is in this machine's time zone."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise KatasError(
            "{where}: '{text}' is no date and time.",
            "Next: write it like 2026-05-31T23:59 or 2026-05-31T23:59+02:00.",
            where=where,
            text=text,
        ) from None
