"""Handed-in git repositories, read as data: their own configuration, hooks and attributes are never looked at.

git reads the objects through an empty repository of ours, since the configuration of a stranger's can name programs
to be run.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from asyncio_katas.marking.archives import MAX_ENTRIES, MAX_FILE_BYTES, Found, Unreadable, is_answerable

_HASH = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_REF = re.compile(r"refs/[\w./+-]+")
# Real seconds for one question to git; each is one of the fastest there are.
_GIT_S = 60


@dataclass(frozen=True)
class Commit:
    """One commit, with the date it claims for itself."""

    hash: str
    date: datetime


def git_folder(folder: Path) -> Path | None:
    """Return where a folder keeps its git objects and refs, if it is a repository in its own right."""
    for place in (folder / ".git", folder):
        if not place.is_symlink() and (place / "HEAD").is_file() and (place / "objects").is_dir():
            return place
    return None


class Repository:
    """A handed-in repository; use it inside `opened`."""

    def __init__(self, place: Path, own: Path) -> None:
        self._place = place
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = kept | {
            "GIT_DIR": str(own),
            "GIT_OBJECT_DIRECTORY": str((place / "objects").resolve()),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def head(self) -> str:
        """Return the commit that is checked out."""
        name = self._line(self._place / "HEAD")
        if not name.startswith("ref: "):
            return self._hash(name)
        ref = name.removeprefix("ref: ")
        if not _REF.fullmatch(ref) or ".." in ref:
            raise Unreadable("Its HEAD is none that git would write.")
        loose = self._place / ref
        if loose.is_file() and not loose.is_symlink():
            return self._hash(self._line(loose))
        packed = self._place / "packed-refs"
        for line in packed.read_text(encoding="utf-8", errors="replace").splitlines() if packed.is_file() else []:
            if line.endswith(f" {ref}"):
                return self._hash(line.partition(" ")[0])
        raise Unreadable("The repository holds no commit.")

    def commits(self, head: str) -> list[Commit]:
        """Return the commits that led to `head`, newest first, along the branch that was worked on."""
        lines = self._ask("rev-list", "--first-parent", "--no-commit-header", "--format=%H %ct", head)
        pairs = [line.split() for line in lines.decode().splitlines()]
        return [Commit(name, datetime.fromtimestamp(int(seconds), UTC)) for name, seconds in pairs]

    def files(self, commit: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """Give every wanted file of a commit."""
        entries = self._ask("ls-tree", "-r", "-l", "-z", commit).decode("utf-8", "replace").split("\0")[:-1]
        if len(entries) > MAX_ENTRIES:
            raise Unreadable("It holds more than {most} files.", most=MAX_ENTRIES)
        for entry in entries:
            facts, _, path = entry.partition("\t")
            mode, kind, name, size = facts.split()
            if not wanted(PurePosixPath(path).name) or not is_answerable(path):
                continue
            if kind != "blob" or not mode.startswith("100"):
                yield Found(path, None, "is a link")
            elif int(size) > MAX_FILE_BYTES:
                yield Found(path, None, "is too large to be an answer")
            else:
                yield Found(path, self._ask("cat-file", "blob", name))

    def _ask(self, *words: str) -> bytes:
        try:
            done = subprocess.run(
                ["git", "--no-pager", *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_GIT_S,
                check=True,
            )
        except FileNotFoundError:
            raise Unreadable("It is a git repository, and git is not installed here.") from None
        except subprocess.TimeoutExpired:
            raise Unreadable("git had no answer for it within {seconds} s.", seconds=_GIT_S) from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip()[:300]
            raise Unreadable("git cannot read the repository: {said}", said=said) from None
        return done.stdout

    def _hash(self, text: str) -> str:
        if not _HASH.fullmatch(text):
            raise Unreadable("Its HEAD is none that git would write.")
        return text

    def _line(self, path: Path) -> str:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(1000).strip()


@contextmanager
def opened(place: Path) -> Iterator[Repository]:
    """Give a handed-in repository whose objects lie at `place`."""
    with tempfile.TemporaryDirectory(prefix="katas-git-") as own:
        folder = Path(own)
        (folder / "refs").mkdir()
        (folder / "objects").mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
        yield Repository(place, folder)
