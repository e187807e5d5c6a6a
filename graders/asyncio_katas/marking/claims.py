"""Claims: what somebody else says that submissions earned, such as a workflow that the student could edit."""

from __future__ import annotations

import math
from pathlib import Path

from asyncio_katas.marking.submissions import rows
from asyncio_katas.records import KatasError


def load(path: Path) -> dict[str, float]:
    """Read claims: a CSV file with the columns `submission` and `points`; a line without points claims nothing."""
    claims: dict[str, float] = {}
    for line, row in rows(path, {"submission", "points"}):
        name, text = row["submission"], row["points"]
        if name in claims:
            raise _wrong(path, line, f"'{name}' stands in an earlier line too")
        if name and text:
            claims[name] = _number(path, line, text)
    return claims


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(path, line, f"'{text}' is no number")
    return value


def _wrong(path: Path, line: int, problem: str) -> KatasError:
    return KatasError(
        "{path}, line {line}: {problem}.",
        "Next: give each line one submission and the points that are claimed for it, like: ada,26",
        path=path,
        line=line,
        problem=problem,
    )
