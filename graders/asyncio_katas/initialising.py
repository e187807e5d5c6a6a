"""A learner's folder for whoever installed the package: the course that came with it, written out and kept up to date.

What was written is noted in a manifest, so that later versions replace only what nobody has changed: the rule of
`updating`, which does the same for a clone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from asyncio_katas import __version__, catalog, keeping, learning
from asyncio_katas.invocation import MANIFEST, command
from asyncio_katas.records import KatasError
from asyncio_katas.updating import Update, classify

_PACKAGE = Path(__file__).parent
_STARTER = _PACKAGE / "starter"


@dataclass(frozen=True)
class _File:
    """A file of a learner's folder; an `answer` belongs to the learner from the first day."""

    content: bytes
    answer: bool = False

    @property
    def digest(self) -> str:
        return catalog.digest_of(self.content)


def init(folder: Path) -> int:
    """Write the course into a new or empty folder; return how many katas that are."""
    if made(folder):
        raise KatasError(
            "{folder} holds the course already.",
            "Next: cd {folder}, then {command}",
            folder=folder,
            command=command("update"),
        )
    try:
        if folder.exists() and any(folder.iterdir()):
            raise KatasError(
                "{folder} is not empty, and nothing in it was touched.",
                "Next: {command}, or any other name that is free",
                folder=folder,
                command=command("init", f"{folder.resolve().name}-katas"),
            )
        files = _files()
        for path, file in files.items():
            _write(folder / path, file.content)
        _note(folder, files)
    except OSError as error:
        raise KatasError(
            "The course could not be written to {folder}: {why}.",
            "Next: choose another folder, where you may write.",
            folder=folder,
            why=error.strerror,
        ) from None
    return sum(1 for file in files.values() if file.answer)


def made(folder: Path) -> bool:
    """Tell whether a folder was written by `init`."""
    return (folder / MANIFEST).exists()


def update(folder: Path) -> Update:
    """Take over the course of the installed version: everything new, and no file that the learner has changed."""
    before, now = _noted(folder), _files()
    after = {path: file.digest for path, file in now.items()}
    # As sets of pairs: what they do not share is new, changed, or gone.
    differ = {path for path, _ in before.items() ^ after.items()}
    what = classify(
        {path: before[path] for path in differ & before.keys()},
        {path: after[path] for path in differ & after.keys()},
        {path: _digest_of(folder / path) for path in differ},
        lambda path: keeping.put_beside(folder, path, now[path].content),
    )
    for path in (*what.added, *what.changed):
        _write(folder / path, now[path].content)
    for path in what.removed:
        keeping.delete(folder, path)
    _note(folder, now)
    return replace(what, source=f"asyncio-katas {__version__}")


def restore(folder: Path) -> list[Path]:
    """Put back every file of the course that is missing or changed, after a backup; return which.

    An answer is put back only where it is missing.
    """
    done = []
    for path, file in _files().items():
        target = folder / path
        mine = _digest_of(target)
        if mine == file.digest or (mine and file.answer):
            continue
        if mine:
            keeping.back_up(target, folder)
        _write(target, file.content)
        done.append(target)
    return done


def _files() -> dict[str, _File]:
    """Return all that a learner's folder holds, by its path there."""
    course = _course()
    files = {name: _File((_STARTER / name.removeprefix(".")).read_bytes()) for name in _starters()}
    for kata in catalog.discover(course):
        answer = f"katas/{kata.name}/{kata.slug}.py"
        for path, content in learning.handed_out(kata, course).items():
            files[path] = _File(content, answer=path == answer)
    return files


def _starters() -> list[str]:
    hidden = {"gitignore"}
    return sorted(
        f".{path.name}" if path.name in hidden else path.name for path in _STARTER.iterdir() if path.is_file()
    )


def _course() -> Path:
    """Return where the course lies: within an installed package, or around a clone's."""
    installed = _PACKAGE / "course"
    return installed if installed.exists() else _PACKAGE.parent.parent


def _noted(folder: Path) -> dict[str, str]:
    manifest = folder / MANIFEST
    try:
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        return {str(path): str(digest) for path, digest in files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise KatasError(
            "{path} cannot be read, so nobody knows which files are yours.",
            "Next: {command}, then copy your answers over: they are katas/*/*.py.",
            path=manifest,
            command=command("init", "katas-again"),
        ) from None


def _note(folder: Path, files: dict[str, _File]) -> None:
    data = {"version": __version__, "files": {path: file.digest for path, file in sorted(files.items())}}
    _write(folder / MANIFEST, f"{json.dumps(data, indent=2)}\n".encode())


def _digest_of(path: Path) -> str | None:
    """Return a file's digest, None if nothing is there; what is no file is something else than the course's."""
    if path.is_file():
        return catalog.digest(path)
    return "other" if path.exists() else None


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    keeping.write(path, content)
