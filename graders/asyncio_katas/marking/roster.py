"""The roster: who the submissions are from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from asyncio_katas.marking import tables
from asyncio_katas.marks import Person


def load(path: Path) -> dict[str, Person]:
    """Read a roster: a CSV file with a column `submission`, and any of `name`, `email`, `id`, `login`, `section`."""
    columns = [item.name for item in fields(Person)]
    people = tables.by_submission(path, set())
    return {name: Person(**{column: row[column] for column in columns}) for name, row in people.items()}


def absent(people: dict[str, Person], names: Sequence[str]) -> list[Person]:
    """Return who is on the roster and has handed in nothing."""
    return [person for name, person in people.items() if name not in set(names)]
