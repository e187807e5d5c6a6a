"""Claims: what somebody else says that submissions earned, such as a workflow that the student could edit."""

from __future__ import annotations

import math
from pathlib import Path

from asyncio_katas.marking import tables
from asyncio_katas.marking.tables import Row


def load(path: Path) -> dict[str, float]:
    """Read claims: a CSV file with the columns `submission` and `points`; a line without points claims nothing."""
    return {name: _points(row) for name, row in tables.by_submission(path, {"points"}).items() if row["points"]}


def _points(row: Row) -> float:
    try:
        value = float(row["points"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise row.wrong(
            "'{text}' is no number",
            "Next: write the points that are claimed as a number, or nothing where none are.",
            text=row["points"],
        )
    return value
