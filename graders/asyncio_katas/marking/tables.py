"""Tables that a teacher brings along: CSV files with a header, whose mistakes are named by their line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from asyncio_katas.lab.messages import Message
from asyncio_katas.records import KatasError

_REMEDY = "Next: give each line the name of one submission in the column `submission`."


@dataclass(frozen=True)
class Row:
    """One line of a table; `where` names it, and cells are found by the names of their columns."""

    where: str
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Return what stands in a column; nothing where the table has no such column."""
        return self.cells.get(column, "")

    @property
    def submission(self) -> str:
        """The name of the submission that this line is about."""
        if not self["submission"]:
            raise self.wrong("it names no submission", _REMEDY)
        return self["submission"]

    def wrong(self, problem: str, next_step: str, /, **values: object) -> KatasError:
        """Return an error that says what is wrong with this line, and what to do about it."""
        return KatasError("{where}: {problem}.", next_step, where=self.where, problem=Message.of(problem, values))


def rows(path: Path, needed: set[str]) -> Iterator[Row]:
    """Give every row of a CSV file; column names may be in any case, and must include those needed."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = [(name or "").strip().lower() for name in reader.fieldnames or []]
            if not needed <= set(columns):
                raise KatasError(
                    "{path}: the first line does not name the columns {needed}.",
                    "Next: let it begin with: {line}",
                    path=path,
                    needed=" and ".join(sorted(needed - set(columns))),
                    line=",".join(sorted(needed, reverse=True)),
                )
            reader.fieldnames = columns
            for row in reader:
                cells = {name: (value or "").strip() for name, value in row.items() if name}
                yield Row(f"{path}, line {reader.line_num}", cells)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise KatasError(
            "{path} cannot be read: {error}.", "Next: save it as CSV with the encoding UTF-8.", path=path, error=error
        ) from None


def by_submission(path: Path, needed: set[str]) -> dict[str, Row]:
    """Return the rows of a table that says something of each submission, by the submission's name."""
    known: dict[str, Row] = {}
    for row in rows(path, {"submission", *needed}):
        if row.submission in known:
            raise row.wrong("'{name}' stands in an earlier line too", _REMEDY, name=row.submission)
        known[row.submission] = row
    return known
