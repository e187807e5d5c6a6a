"""The roster: who the submissions are from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from asyncio_katas.marking.submissions import rows
from asyncio_katas.marks import Person
from asyncio_katas.records import KatasError


def load(path: Path) -> dict[str, Person]:
    """Read a roster: a CSV file with a column `submission`, and any of `name`, `email`, `id`, `login`, `section`."""
    people: dict[str, Person] = {}
    names = [item.name for item in fields(Person)]
    for line, row in rows(path, {"submission"}):
        person = Person(**{name: row.get(name, "") for name in names})
        if not person.submission or person.submission in people:
            raise KatasError(
                "{path}, line {line}: {problem}.",
                "Next: give each line the name of one submission in the column `submission`.",
                path=path,
                line=line,
                problem=f"'{person.submission}' stands in an earlier line too" if person.submission else "no name",
            )
        people[person.submission] = person
    return people


def absent(people: dict[str, Person], names: Sequence[str]) -> list[Person]:
    """Return who is on the roster and has handed in nothing."""
    return [person for name, person in people.items() if name not in set(names)]
