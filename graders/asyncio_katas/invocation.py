"""How the program is called, `katas hint 06` or, through nox, `nox -s hint -- 06`, and the codes it ends with."""

from __future__ import annotations

import os
from pathlib import Path

_CHECK = "katas check"
# Whoever does one need not have the command on the path: this is what its instructions say.
_CHECK_OF_TAKE_HOME = "python -m asyncio_katas check"
# What `katas init` notes in the folder that it writes: a folder that has it is no clone.
MANIFEST = ".stubs/course.json"
# What a folder holds that came as a take-home.
_TAKE_HOME = ("manifest.json", "INSTRUCTIONS.md")
# Exit codes: all that was asked for is solved, not all, bad usage or a bad course, the grader's own fault, interrupted.
SOLVED, UNSOLVED, BAD_INPUT, GRADER_FAULT, INTERRUPTED = 0, 1, 2, 3, 130


def checking() -> str:
    """Return what checks everything and takes the names of katas behind it."""
    here = Path.cwd()
    in_take_home = any(is_take_home(folder) for folder in (here, *here.parents))
    return os.environ.get("ASYNCIO_KATAS_COMMAND") or (_CHECK_OF_TAKE_HOME if in_take_home else _CHECK)


def is_take_home(folder: Path) -> bool:
    """Tell whether a folder came as a take-home."""
    return all((folder / name).exists() for name in _TAKE_HOME)


def command(verb: str, *words: str, like: str | None = None) -> str:
    """Return how to run a command, said in the manner of `like`, which is how to check; without it, of the caller's."""
    called = (like or checking()).replace(" check", f" {verb}")
    return " ".join([called, *words]) if words else called.removesuffix(" --")


def restoring(path: Path) -> str:
    """Return the command that brings a file of the course back as it was."""
    if any((folder / MANIFEST).exists() for folder in path.parents):
        return command("update", "--restore")
    for folder in path.parents:
        if is_take_home(folder):
            # Beside it, so that no answer is overwritten.
            return f"python -m zipfile -e ../{folder.resolve().name}.zip ../again"
    return f"git checkout -- {path}"
