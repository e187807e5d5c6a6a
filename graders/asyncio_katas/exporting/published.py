"""The course as it is published: where its repository is on GitHub, and at which version that is called."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from asyncio_katas import __version__
from asyncio_katas.invocation import command
from asyncio_katas.records import KatasError

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_REF = re.compile(r"[\w][\w./+-]*")
_REMOTE = re.compile(r"(?:https://(?:[^/@]+@)?github\.com/|(?:ssh://)?git@github\.com[:/])([^/]+/[^/]+?)(?:\.git)?/?")
# What is handed out, and what the workflow grades with. Answers that lie in katas/ are neither.
_GRADED_WITH = ("graders", ".stubs", *(f":(glob)katas/*/{name}" for name in ("test_*.py", "kata.toml", "README*.md")))


@dataclass(frozen=True)
class Published:
    """A repository on GitHub, as owner/name, and a tag or commit of it."""

    repository: str
    version: str


def find(tree: Path, repository: str | None, version: str | None) -> Published:
    """Return what was named, else what the clone in `tree` says of itself: its `origin`, and the grader's version."""
    repository, version = repository or _origin(tree), version or f"v{__version__}"
    if not _NAME.fullmatch(repository):
        raise _unnamed("'{word}' is no repository on GitHub.", word=repository)
    if not _REF.fullmatch(version):
        raise KatasError(
            "'{word}' is no tag, and no commit.",
            "Next: name one, as in: --at v{version}",
            word=version,
            version=__version__,
        )
    return Published(repository, version)


def _origin(tree: Path) -> str:
    """Return owner/name of the repository on GitHub from which this clone came."""
    url = _git(tree, "remote", "get-url", "origin") or ""
    found = _REMOTE.fullmatch(url.strip())
    if not found:
        raise _unnamed("Where the course is on GitHub, this folder does not say: it has no `origin` there.")
    return found[1]


def _unnamed(fact: str, **values: object) -> KatasError:
    example = command("export", "classroom", "DEST", "--course", "owner/name")
    return KatasError(fact, "Next: {command}", command=example, **values)


def is_known(tree: Path, version: str) -> bool:
    """Tell whether this clone has such a tag or commit."""
    return _git(tree, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{version}^{{commit}}") is not None


def is_same(tree: Path, version: str) -> bool:
    """Tell whether the katas and the grader lie here as they are at that version."""
    return _git(tree, "diff", "--quiet", version, "--", *_GRADED_WITH) is not None


def _git(tree: Path, *words: str) -> str | None:
    """Return what git says of the clone; None if it refuses, or if there is no git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(tree), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
