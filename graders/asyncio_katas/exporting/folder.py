"""The new folder that something is exported to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from asyncio_katas import keeping
from asyncio_katas.records import KatasError

# What a clone of a repository without commits holds.
_MAY_BE_THERE = {".git"}


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files, by their path, into a folder that is new, empty, or a repository without files."""
    try:
        if folder.exists() and {path.name for path in folder.iterdir()} - _MAY_BE_THERE:
            raise KatasError(
                "{folder} is not empty, and nothing in it was touched.",
                "Next: name another folder, or one that holds nothing but .git.",
                folder=folder,
            )
        for path, content in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            keeping.write(place, content)
    except OSError as error:
        raise KatasError(
            "{folder} cannot be written: {why}.",
            "Next: choose another folder, where you may write.",
            folder=folder,
            why=error.strerror,
        ) from None
