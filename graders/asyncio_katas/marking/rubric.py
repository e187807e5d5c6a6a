"""The rubric: what counts how much, what being late costs, and what is enough."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from asyncio_katas.marks import Marked
from asyncio_katas.records import CheckResult, Kata, KataResult, KatasError, Outcome, Report

_DAY_S = 86_400.0
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w.-]+)\s*=""")
_REMEDY = "Next: correct it; docs/grading.md shows a whole rubric."


@dataclass(frozen=True)
class Late:
    """What being late costs: so many percent of the points for each day begun, after `grace_minutes`."""

    percent_per_day: float = 0.0
    most_percent: float = 100.0
    grace_minutes: float = 0.0


@dataclass(frozen=True)
class KataRubric:
    """What one kata is worth: `points` on the whole, and what its checks share them by; empty is as in the course."""

    points: float | None = None
    tasks: Mapping[int, int] = field(default_factory=dict)
    checks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rubric:
    """A whole rubric; an empty one counts as the course does. `pass_mark` is in percent of all points."""

    pass_mark: float | None = None
    late: Late = field(default_factory=Late)
    katas: Mapping[str, KataRubric] = field(default_factory=dict)

    def apply(self, marked: Marked) -> Marked:
        """Return a submission with its points as this rubric counts them."""
        results = tuple(self._result(result) for result in marked.report.katas)
        earned = sum(self._share(result, result.points) for result in results)
        most = sum(self._share(result, result.max_points) for result in results)
        timing = marked.submission.timing
        # A repository was graded as it was in time; only what is late itself costs something.
        penalty = earned * self._lost(timing.late_s) if not timing.left_out else 0.0
        points = round(earned - penalty, 2)
        passed = None if self.pass_mark is None else bool(most) and points >= most * self.pass_mark / 100
        return replace(
            marked,
            report=Report(results),
            points=points,
            max_points=round(most, 2),
            penalty=round(penalty, 2),
            passed=passed,
        )

    def _lost(self, late_s: float) -> float:
        beyond = late_s - self.late.grace_minutes * 60
        if beyond <= 0:
            return 0.0
        days = -(-beyond // _DAY_S)
        return min(days * self.late.percent_per_day, self.late.most_percent, 100.0) / 100

    def _share(self, result: KataResult, points: float) -> float:
        """Return points of a kata, scaled to what the kata is worth on the whole."""
        most = self.katas.get(result.kata.slug, KataRubric()).points
        return points if most is None else points * most / max(result.max_points, 1)

    def _result(self, result: KataResult) -> KataResult:
        own = self.katas.get(result.kata.slug)
        if own is None or not (own.tasks or own.checks):
            return result
        checks = []
        for check in result.checks:
            worth = own.checks.get(check.check.id, own.tasks.get(check.check.task, result.kata.points(check.check)))
            earned = worth if check.outcome is Outcome.PASSED else 0
            checks.append(CheckResult(check.check, check.finding, earned, worth))
        return replace(result, checks=tuple(checks))


def load(path: Path, katas: Sequence[Kata]) -> Rubric:
    """Read a rubric for these katas and their variants; every mistake in it is named with its line and field."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KatasError("{path} cannot be read: {error}.", _REMEDY, path=path, error=error) from None
    by_slug: dict[str, list[Kata]] = {}
    for kata in katas:
        by_slug.setdefault(kata.slug, []).append(kata)
    return _Reading(path, text, by_slug).rubric(data)


class _Reading:
    """Reads a rubric, and knows at which line each of its fields stands."""

    def __init__(self, path: Path, text: str, katas: Mapping[str, Sequence[Kata]]) -> None:
        self._path, self._katas = path, katas
        self._lines = _lines(text)

    def rubric(self, data: Mapping[str, Any]) -> Rubric:
        self._known((), data, {"pass_mark", "late", "katas"})
        late = self._table((), data, "late")
        self._known(("late",), late, {"percent_per_day", "most_percent", "grace_minutes"})
        limits = {"percent_per_day": 100.0, "most_percent": 100.0, "grace_minutes": 1e6}
        numbers = {name: self._number(("late", name), late[name], limits[name]) for name in late}
        katas = self._table((), data, "katas")
        self._known(("katas",), katas, set(self._katas))
        return Rubric(
            self._number(("pass_mark",), data["pass_mark"], 100.0) if "pass_mark" in data else None,
            Late(**numbers),
            {slug: self._kata(slug, self._table(("katas",), katas, slug)) for slug in katas},
        )

    def _kata(self, slug: str, data: Mapping[str, Any]) -> KataRubric:
        forms, place = self._katas[slug], ("katas", slug)
        self._known(place, data, {"points", "tasks", "checks"})
        tasks, checks = self._table(place, data, "tasks"), self._table(place, data, "checks")
        self._known((*place, "tasks"), tasks, {str(task.number) for kata in forms for task in kata.tasks})
        self._known((*place, "checks"), checks, {check.id for kata in forms for check in kata.checks})
        return KataRubric(
            self._number((*place, "points"), data["points"], 1e6) if "points" in data else None,
            {int(name): self._whole((*place, "tasks", name), worth) for name, worth in tasks.items()},
            {name: self._whole((*place, "checks", name), worth) for name, worth in checks.items()},
        )

    def _table(self, place: tuple[str, ...], data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = data.get(name, {})
        if not isinstance(value, dict):
            self._wrong((*place, name), "it must be a table")
        return value

    def _known(self, place: tuple[str, ...], data: Mapping[str, Any], names: set[str]) -> None:
        for name in data:
            if name not in names:
                known = ", ".join(sorted(names))
                self._wrong((*place, name), f"there is no such field here; there are {known}")

    def _number(self, place: tuple[str, ...], value: Any, most: float) -> float:
        if type(value) not in (int, float) or not 0 <= value <= most:
            self._wrong(place, f"it must be a number from 0 to {most:g}, and is {value!r}")
        return float(value)

    def _whole(self, place: tuple[str, ...], value: Any) -> int:
        if type(value) is not int or not 0 <= value <= 10_000:
            self._wrong(place, f"it must be a whole number from 0 to 10000, and is {value!r}")
        return int(value)

    def _wrong(self, place: tuple[str, ...], problem: str) -> NoReturn:
        line = next((self._lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in self._lines), 1)
        raise KatasError(
            "{path}, line {line}: `{field}`: {problem}.",
            _REMEDY,
            path=self._path,
            line=line,
            field=".".join(place),
            problem=problem,
        )


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return at which line each field of a TOML text stands; the parser itself forgets it."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
