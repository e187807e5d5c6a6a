"""Taking over a newer course: everything that is new, and not one file that the learner has changed.

No text is ever merged, so there is nothing to resolve. A file that only the course changed becomes the new one; a file
that the learner changed stays as it is, and where the course changed it too, the new one is put beside it as `….new`.
History is merged all the same, so that plain git goes on working afterwards.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asyncio_katas import keeping
from asyncio_katas.invocation import command
from asyncio_katas.records import KatasError

_NOTHING = "0" * 40
# What git leaves lying while it waits for somebody to go on, with the word that ends it.
_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}


@dataclass(frozen=True)
class Kept:
    """A file that the learner changed, or deleted, and the course too; `beside` is where the course's version lies."""

    path: str
    beside: str | None = None
    deleted: bool = False


@dataclass(frozen=True)
class Update:
    """What an update did: where it came from, what its commits say, newest first, and what became of each file."""

    source: str
    commits: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """A path in one commit: git's mode and the name of its content."""

    mode: str
    blob: str


class _GitError(Exception):
    """Git refused; its own words say why."""


def update(course: Path, source: str | None = None) -> Update:
    """Take over the newest course from `source`, a remote or a URL; without it, from where this clone came.

    At no moment is a file of the learner's moved or rewritten: interrupted anywhere, a second call does the rest.
    """
    repository = _Repository(course.resolve())
    try:
        repository.check()
        source = source or repository.source()
        new = repository.fetch(source)
        head, base = repository.git("rev-parse", "HEAD"), repository.base(new)
        if base == new:
            return Update(repository.address(source))
        return _take_over(repository, source, head, base, new)
    except _GitError as error:
        raise KatasError(
            "git could not do it: {why}", "Next: mend that, then {command}", why=error, command=command("update")
        ) from None


def _take_over(repository: _Repository, source: str, head: str, base: str, new: str) -> Update:
    before, after = repository.difference(base, new)
    what = classify(
        {path: entry.blob for path, entry in before.items()},
        {path: entry.blob for path, entry in after.items()},
        repository.contents(sorted(before | after)),
        lambda path: repository.put_beside(path, new),
    )
    repository.restore([*what.added, *what.changed], new)
    for path in what.removed:
        keeping.delete(repository.top, path)
    repository.move_to(new if base == head else repository.merge(head, base, new))
    said = repository.git("log", "--format=%s", "--no-merges", f"{base}..{new}").splitlines()
    return replace(what, source=repository.address(source), commits=tuple(said))


def classify(
    before: Mapping[str, str], after: Mapping[str, str], mine: Mapping[str, str | None], beside: Callable[[str], str]
) -> Update:
    """Tell what becomes of files that differ between two courses, each given by the name of its content.

    `mine` are the contents as they lie in the learner's folder.
    What the learner changed and the newer course has too is put `beside`, which returns where that is.
    """
    done: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    kept: list[Kept] = []
    for path in sorted(before.keys() | after.keys()):
        old, now = before.get(path), after.get(path)
        if mine[path] in {old, now}:
            done["removed" if now is None else "changed" if old else "added"].append(path)
        elif mine[path] is None:
            kept.append(Kept(path, deleted=True))
        else:
            kept.append(Kept(path, beside(path) if now else None))
    return Update("", **{name: tuple(paths) for name, paths in done.items()}, kept=tuple(kept))


class _Repository:
    """The learner's clone, through git's own commands."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def git(
        self, *words: str, stdin: str = "", index: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run git in the clone and return what it printed; raise _GitError if it refused."""
        return self._run(words, stdin, index, environment or {}).decode("utf-8", "surrogateescape").rstrip("\r\n")

    def check(self) -> None:
        """Refuse states in which an update could not tell what belongs to whom."""
        try:
            top = self.git("rev-parse", "--show-toplevel")
            self.git("rev-parse", "--verify", "HEAD")
        except _GitError as error:
            # Other refusals, of a folder that belongs to somebody else for instance, are told as they are.
            if not any(said in str(error) for said in ("not a git repository", "single revision")):
                raise
            top = ""
        if not top or Path(top).resolve() != self.top:
            raise KatasError(
                "{course} is no git clone of the course.",
                "Next: clone the course with git, and copy your answers into it: they are katas/*/*.py.",
                course=self.top,
            )
        for name, what in _UNDER_WAY.items():
            if (self.top / self.git("rev-parse", "--git-path", name)).exists():
                raise KatasError(
                    "A git {what} is under way in this clone.",
                    "Next: git {what} --abort (or finish it), then {command}",
                    what=what,
                    command=command("update"),
                )
        for line in self.git("status", "--porcelain", "-z", "--untracked-files=no").split("\0"):
            # Moving the branch resets the index; a version that lies only there would be lost.
            if line[:1] in {"M", "A"} and line[1:2] in {"M", "D"}:
                raise KatasError(
                    "{path} is staged in one version and changed since.",
                    "Next: git add {path}, then {command}",
                    path=line[3:],
                    command=command("update"),
                )

    def source(self) -> str:
        """Return the remote to update from: `upstream`, as forks call the original, else the branch's, else any."""
        remotes = self.git("remote").splitlines()
        branch = self.git("branch", "--show-current")
        try:
            own = self.git("config", f"branch.{branch}.remote") if branch else ""
        except _GitError:
            own = ""
        for name in ["upstream", own, "origin", *remotes[:1]]:
            if name in remotes:
                return name
        raise KatasError(
            "This clone does not know where the course comes from.",
            "Next: {command} URL",
            command=command("update", "--from"),
        )

    def address(self, source: str) -> str:
        """Return the URL behind a remote's name."""
        return self.git("remote", "get-url", source) if source in self.git("remote").splitlines() else source

    def fetch(self, source: str) -> str:
        """Fetch the source's main branch, with all of its history, and return its newest commit."""
        whole = ["--unshallow"] if self.git("rev-parse", "--is-shallow-repository") == "true" else []
        if source in self.git("remote").splitlines():
            self.git("fetch", "--quiet", *whole, "--", source)
            whole = []
        self.git("fetch", "--quiet", *whole, "--", source, "HEAD")
        return self.git("rev-parse", "FETCH_HEAD")

    def base(self, new: str) -> str:
        """Return the commit of the course this clone goes back to.

        A clone made from a template shares no history with it, but its first commit holds the course as it was.
        """
        try:
            return self.git("merge-base", "HEAD", new)
        except _GitError:
            roots = self.git("log", "--format=%T", "--max-parents=0", "HEAD").splitlines()
        for line in self.git("log", "--format=%H %T", new).splitlines():
            commit, tree = line.split()
            if tree in roots:
                return commit
        raise KatasError(
            "This clone and the newer course have no common history.",
            "Next: clone the course again, and copy your answers into it: they are katas/*/*.py.",
        )

    def difference(self, old: str, new: str) -> tuple[dict[str, _Entry], dict[str, _Entry]]:
        """Return the entries that differ between two commits: as they were, and as they are."""
        words = self.git("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", old, new).split("\0")
        before, after = {}, {}
        for told, path in zip(words[::2], words[1::2], strict=False):
            old_mode, mode, old_blob, blob, _ = told.removeprefix(":").split()
            if old_blob != _NOTHING:
                before[path] = _Entry(old_mode, old_blob)
            if blob != _NOTHING:
                after[path] = _Entry(mode, blob)
        return before, after

    def contents(self, paths: Sequence[str]) -> dict[str, str | None]:
        """Return what git would call the content of each file as it lies there; None where there is none."""
        there = [path for path in paths if (self.top / path).is_file()]
        blobs = self.git("hash-object", "--stdin-paths", stdin="".join(f"{path}\n" for path in there)).splitlines()
        known = dict(zip(there, blobs, strict=True))
        # What is there and is no file is something else than the course's.
        return {path: known.get(path) or ("other" if (self.top / path).exists() else None) for path in paths}

    def put_beside(self, path: str, commit: str) -> str:
        """Write the course's version beside the learner's; return its path."""
        content = self._run(["cat-file", "--filters", f"{commit}:{path}"], "", None, {})
        try:
            return keeping.put_beside(self.top, path, content)
        except FileExistsError as error:
            raise _GitError(str(error)) from None

    def restore(self, paths: Sequence[str], commit: str) -> None:
        """Write these files as the commit has them."""
        if paths:
            told = "".join(f"{path}\0" for path in paths)
            how = ["--worktree", "--pathspec-from-file=-", "--pathspec-file-nul"]
            self.git("--literal-pathspecs", "restore", f"--source={commit}", *how, stdin=told)

    def merge(self, head: str, base: str, new: str) -> str:
        """Commit the newer course with everything on top that the learner has committed; return that commit."""
        before, after = self.difference(base, head)
        entries = [f"{entry.mode} {entry.blob}\t{path}\0" for path, entry in after.items()]
        entries += [f"0 {_NOTHING}\t{path}\0" for path in before.keys() - after.keys()]
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            self.git("read-tree", new, index=index)
            self.git("update-index", "-z", "--index-info", stdin="".join(entries), index=index)
            tree = self.git("write-tree", index=index)
        message = "Take over the newer course\n\nFiles that were changed here stay as they are.\n"
        words = ["commit-tree", tree, "-p", head, "-p", new]
        try:
            return self.git(*words, stdin=message)
        except _GitError:
            # Git wants to know who commits, and this learner has not told it.
            nobody = {f"GIT_{role}_{what}": "katas" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
            return self.git(*words, stdin=message, environment=nobody)

    def move_to(self, commit: str) -> None:
        """Let the branch and the index be at a commit; files stay as they lie."""
        self.git("reset", "--mixed", "--quiet", commit)

    def _run(self, words: Sequence[str], stdin: str, index: Path | None, environment: Mapping[str, str]) -> bytes:
        more = {"LC_ALL": "C", **environment, **({"GIT_INDEX_FILE": str(index)} if index else {})}
        try:
            done = subprocess.run(
                ["git", "-C", str(self.top), *words],
                input=stdin.encode("utf-8", "surrogateescape"),
                capture_output=True,
                env=os.environ | more,
                check=False,
            )
        except FileNotFoundError:
            raise KatasError(
                "git is not installed, and updates come through it.",
                "Next: install git from https://git-scm.com, then {command}",
                command=command("update"),
            ) from None
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"git {words[0]} failed."]
            raise _GitError(said[0])
        return done.stdout
