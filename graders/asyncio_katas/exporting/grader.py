"""The part of the grader that goes along with what is handed out: all that checks an answer, nothing that marks one."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
# Nobody who writes answers has a use for these; the command leaves out what is not there.
_FOR_OTHERS = {
    "__pycache__",
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


def files() -> dict[str, bytes]:
    """Return the files of the package by their paths; the katas' own catalogs, which hold their hints, are left out."""
    found = {}
    for path in sorted(_PACKAGE.rglob("*")):
        inside = path.relative_to(_PACKAGE)
        names = {*inside.parts, *(f"rendering/{part}" for part in inside.parts if inside.parts[0] == "rendering")}
        is_a_katas = inside.parts[0] == "locale" and inside.stem != "grader"
        if path.is_file() and not names & _FOR_OTHERS and not is_a_katas:
            found[f"graders/asyncio_katas/{inside.as_posix()}"] = path.read_bytes()
    return found
