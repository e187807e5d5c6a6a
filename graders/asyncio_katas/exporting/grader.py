"""The grader that goes along with what is handed out: all of it, or what checks an answer and marks none."""

from __future__ import annotations

from pathlib import PurePosixPath

from asyncio_katas.exporting.clone import PACKAGE

# Nobody who writes answers has a use for these; the command leaves out what is not there.
_FOR_OTHERS = {
    "course",
    "examine",
    "exporting",
    "handing_out.py",
    "marking",
    "marks.py",
    "starter",
    "teaching.py",
    "variants.py",
    "verifying.py",
    *(f"rendering/{name}" for name in ("class.css", "class_report.py", "examined.py", "grades.py", "hiring.py")),
    *(f"rendering/{name}" for name in ("marking.py", "proof.py")),
}


def whole() -> dict[str, bytes]:
    """Return the files of the package by their paths."""
    sources = (path for path in sorted(PACKAGE.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {f"graders/{path.relative_to(PACKAGE.parent).as_posix()}": path.read_bytes() for path in sources}


def part() -> dict[str, bytes]:
    """Return those that check an answer; the katas' own catalogs, which hold their hints, are left out."""
    return {name: content for name, content in whole().items() if not _is_for_others(PurePosixPath(name).parts[2:])}


def _is_for_others(inside: tuple[str, ...]) -> bool:
    """Tell whether a file, given by the parts of its path in the package, is for those who mark or hand out."""
    is_a_katas = inside[0] == "locale" and PurePosixPath(inside[-1]).stem != "grader"
    return is_a_katas or not _FOR_OTHERS.isdisjoint({*inside, "/".join(inside)})
