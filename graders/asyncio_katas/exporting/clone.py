"""The clone of the course that this grader lies in: what is handed out is cut from its files."""

from __future__ import annotations

from pathlib import Path

from asyncio_katas.records import KatasError

PACKAGE = Path(__file__).parents[1]
_AS_THEY_ARE = ("LICENSE", ".gitignore")


def tree() -> Path:
    """Return where the clone is."""
    found = PACKAGE.parents[1]
    if not (found / "noxfile.py").is_file() or not (found / "pyproject.toml").is_file():
        raise KatasError(
            "What is handed out is made in a clone of the course, and this grader is in none.",
            "Next: clone the course, and run the same command there with nox -s export -- …",
        )
    return found


def as_they_are() -> dict[str, bytes]:
    """Return the files that go along with everything that is handed out, by their names."""
    return {name: text(name).encode() for name in _AS_THEY_ARE}


def text(name: str) -> str:
    """Return a file of the clone."""
    return (tree() / name).read_text(encoding="utf-8")
