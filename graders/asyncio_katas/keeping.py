"""The learner's files and our own beside them: written whole or not at all, and nothing a learner wrote is lost."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

from asyncio_katas.records import KatasError

# Everything the program notes for itself lies here, and git ignores it.
STATE = ".katas"


def state_folder(course: Path) -> Path:
    """Return the folder for the program's own notes, made if need be, and ignored by git whatever course it is in."""
    folder = course / STATE
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    return folder


def write(path: Path, content: bytes) -> None:
    """Replace a file in one step: whoever looks sees the old content or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # A temporary file is its owner's alone; a file of the course is readable like any other.
        os.chmod(name, 0o644 if not path.exists() else path.stat().st_mode & 0o777)  # noqa: PTH101 - a name
        os.replace(name, path)  # noqa: PTH105 - the same
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - the same
        raise


def write_report(path: Path, text: str) -> None:
    """Write a report to the file that was asked for."""
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise KatasError(
            "The report could not be written to {output}: {why}.",
            "Next: choose another --output.",
            output=path,
            why=error.strerror,
        ) from None


def back_up(path: Path, course: Path) -> Path:
    """Copy a file to a dated backup in the state folder; return where that is."""
    folder = state_folder(course) / "backups"
    folder.mkdir(exist_ok=True)
    stem = f"{path.stem}_{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}"
    content = path.read_bytes()
    for name in [stem, *(f"{stem}_{number}" for number in range(2, 1000))]:
        backup = folder / f"{name}{path.suffix}"
        with contextlib.suppress(FileExistsError), backup.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            return backup
    raise FileExistsError(f"{folder} holds too many backups of this second")


def delete(folder: Path, path: str) -> None:
    """Delete a file within the folder, and the folders in between that held nothing else."""
    target = folder / path
    target.unlink(missing_ok=True)
    for place in target.parents:
        if place == folder or any(place.iterdir()):
            return
        place.rmdir()


def put_beside(folder: Path, path: str, content: bytes) -> str:
    """Write the course's version of a file beside the learner's, as `….new`; return its path within the folder."""
    for name in [f"{path}.new", *(f"{path}.new{number}" for number in range(2, 1000))]:
        target = folder / name
        if not target.exists() or (target.is_file() and target.read_bytes() == content):
            write(target, content)
            return name
    raise FileExistsError(f"{path}.new stands in the way")
