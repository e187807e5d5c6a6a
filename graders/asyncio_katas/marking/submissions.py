"""What was handed in: folders, archives and git repositories, and the answers in them, wherever they lie."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from asyncio_katas.invocation import command
from asyncio_katas.lab.messages import Message
from asyncio_katas.marking import archives, manifest, repositories
from asyncio_katas.marking.archives import Found, Unreadable
from asyncio_katas.marking.received import Received
from asyncio_katas.marking.repositories import Commit, Repository
from asyncio_katas.marks import Answer, HandedOut, Submission, Timing
from asyncio_katas.records import Kata, KatasError
from asyncio_katas.staging import read

_AMBIGUOUS = "Several different files are named {file}: {paths}. Keep the one that counts."
_UNUSABLE = "{path} {why}."
_CLOCKS = {"server": "the server's clock", "commits": "the candidate's own commit dates"}
_CHANGED = "{path} is not the course's; changed checks count for nothing."
# So many paths are named in a message.
_MOST_NAMED = 5


@dataclass(frozen=True)
class Reader:
    """How submissions are read: which katas are looked for, until when, and whose clock says when that was.

    Take-homes are told apart from forgeries by the `key`. `variants` are those of the katas that are not the course's
    own, and `version` is that of the course.
    """

    katas: Sequence[Kata]
    deadline: datetime | None = None
    received: Received = field(default_factory=Received)
    variants: Sequence[Kata] = ()
    key: bytes | None = None
    version: str = ""

    def read(self, path: Path) -> Submission:
        """Return what was handed in at a path; where that cannot be looked at, the submission says why."""
        name = name_of(path)
        try:
            place = repositories.git_folder(path) if path.is_dir() else None
            if place:
                with repositories.opened(place) as repository:
                    return self._from_repository(repository, name, path)
            timing = self._timing(name)
            found = list((archives.in_folder if path.is_dir() else archives.in_archive)(path, self._wanted()))
        except Unreadable as error:
            return Submission(name, str(path), unreadable=Message.of(error.template, error.values))
        except OSError as error:
            why = Message.of("It cannot be read: {why}.", {"why": error.strerror or str(error)})
            return Submission(name, str(path), unreadable=why)
        return self._submission(name, path, found, timing)

    def _wanted(self) -> Callable[[str], bool]:
        names = {name for kata in self.katas for name in (f"{kata.slug}.py", kata.check_file.name)}
        names.add(manifest.NAME)
        return names.__contains__

    def _timing(self, name: str) -> Timing:
        handed_in = self.received.submissions.get(name)
        if handed_in is None:
            return Timing()
        return Timing("server", handed_in, self._late(handed_in))

    def _late(self, moment: datetime) -> float:
        return max((moment - self.deadline).total_seconds(), 0.0) if self.deadline else 0.0

    def _from_repository(self, repository: Repository, name: str, path: Path) -> Submission:
        commits = repository.commits(repository.head())
        timing = self._timing(name)
        if timing.clock and not any(commit.hash in self.received.commits for commit in commits):
            # The server knows when it got the whole, and nothing of single commits.
            chosen, dated = commits[0], timing
        else:
            chosen, dated = self._in_time(commits)
        found = list(repository.files(chosen.hash, self._wanted()))
        timing = Timing(dated.clock, dated.handed_in, dated.late_s, chosen.hash, dated.left_out)
        return self._submission(name, path, found, timing)

    def _in_time(self, commits: list[Commit]) -> tuple[Commit, Timing]:
        """Return the last commit in time, and how late those after it were."""
        known = self.received.commits
        # What the server has not listed came with the first later commit that it has.
        clock = "server" if any(commit.hash in known for commit in commits) else "commits"
        moments = []
        arrived = None
        for commit in commits:
            arrived = known.get(commit.hash, arrived)
            moments.append(arrived if clock == "server" else commit.date)
        if self.deadline is None:
            return commits[0], Timing(clock, moments[0])
        for index, moment in enumerate(moments):
            if moment is not None and moment <= self.deadline:
                late = max((self._late(later) for later in moments[:index] if later), default=0.0)
                return commits[index], Timing(clock, moment, late, left_out=index)
        raise Unreadable(
            "None of its {count} commits came before the deadline; the first was {hours} hours late.",
            count=len(commits),
            hours=round(self._late(next((moment for moment in reversed(moments) if moment), self.deadline)) / 3600, 1),
        )

    def _submission(self, name: str, path: Path, found: Iterable[Found], timing: Timing) -> Submission:
        by_name: dict[str, list[Found]] = {}
        for item in found:
            by_name.setdefault(item.path.rpartition("/")[2], []).append(item)
        sealed = [(item.path, item.content or b"") for item in by_name.get(manifest.NAME, [])]
        examined = manifest.examine(sealed, self.key)
        answers, unusable, notes = list[Answer](), dict[str, Message](), [*examined.notes]
        handed_out = examined.manifest.handed_out if examined.manifest else None
        if examined.manifest and handed_out:
            notes += self._checks(examined.manifest, by_name)
            timing, late = self._taken(timing, handed_out)
            notes += late
        for kata in self.katas:
            chosen = self._choose(kata, by_name.get(f"{kata.slug}.py", []), notes)
            if isinstance(chosen, Answer):
                answers.append(chosen)
            elif chosen:
                unusable[kata.slug] = chosen
            if handed_out is None:
                notes += _changed(kata, by_name.get(kata.check_file.name, []))
        said = tuple(notes)
        return Submission(name, str(path), tuple(answers), unusable, said, timing, handed_out=handed_out)

    def _checks(self, sealed: manifest.Manifest, by_name: dict[str, list[Found]]) -> Iterator[Message]:
        """Tell which checks are not those that were handed out, or not those of today."""
        checks = [item for kata in self.katas for item in by_name.get(kata.check_file.name, [])]
        changed = sealed.changed((item.path, item.content) for item in checks)
        if changed:
            named = ", ".join(changed[:_MOST_NAMED])
            yield Message.of(
                "Check files were changed, and graded was with the pristine ones: {paths}.", {"paths": named}
            )
        if sealed.handed_out.course != self.version:
            values = {"old": sealed.handed_out.course, "new": self.version}
            yield Message.of("It was handed out with version {old} of the course, and graded with {new}.", values)

    def _taken(self, timing: Timing, out: HandedOut) -> tuple[Timing, list[Message]]:
        """Return how late a take-home came by the time that was given for it, and what is to be told of that."""
        taken = timing.handed_in
        if taken is None:
            unknown = Message("Nobody says when it was handed in, so that its time was not looked at; see --received.")
            return timing, [unknown] if out.due else []
        values: dict[str, object] = {"clock": _CLOCKS[timing.clock], "given": out.minutes}
        if taken < out.at:
            return timing, [Message.of("It was handed in before it was handed out, by {clock}.", values)]
        if out.due is None or taken <= out.due:
            return timing, []
        late = (taken - out.due).total_seconds()
        values["late"] = math.ceil(late / 60)
        said = Message.of("It came {late} minutes after its {given} minutes were over, by {clock}.", values)
        # A deadline that is named on the command line goes before.
        return timing if self.deadline else replace(timing, late_s=late), [said]

    def _choose(self, kata: Kata, candidates: list[Found], notes: list[Message]) -> Answer | Message | None:
        """Return the one answer to a kata, if there is any, or why none can be chosen; the same twice is one."""
        file = f"{kata.slug}.py"
        usable = [item for item in candidates if item.content is not None]
        refused = [item for item in candidates if item.content is None]
        notes += [Message.of(_UNUSABLE, {"path": item.path, "why": item.why}) for item in refused]
        stubs = [_plain(read(one.folder / file)) for one in (*self.katas, *self.variants) if one.slug == kata.slug]
        begun = [item for item in usable if _plain(item.content) not in stubs] or usable
        if not begun:
            return notes.pop() if candidates else None
        if len({_plain(item.content) for item in begun}) > 1:
            paths = [item.path for item in begun[:_MOST_NAMED]]
            more = ["…"] if len(begun) > _MOST_NAMED else []
            return Message.of(_AMBIGUOUS, {"file": file, "paths": ", ".join([*paths, *more])})
        best = min(begun, key=lambda item: (item.path.count("/"), item.path))
        return Answer(kata.slug, best.path, best.content or b"")


def _changed(kata: Kata, copies: Sequence[Found]) -> Iterator[Message]:
    """Give a note for each copy of a check file that is not as it was handed out."""
    pristine = _plain(read(kata.check_file))
    changed = [copy.path for copy in copies if _plain(copy.content) != pristine]
    for path in changed[:_MOST_NAMED]:
        yield Message.of(_CHANGED, {"path": path})


def _plain(content: bytes | None) -> bytes | None:
    """Return a file's content whatever line ends it came with."""
    return None if content is None else content.replace(b"\r\n", b"\n").strip()


def name_of(path: Path) -> str:
    """Return what a submission at this path is called."""
    path = path.resolve()
    if path.is_dir():
        return path.name.removesuffix(".git") or path.name
    return archives.stem(path)


def find(places: Sequence[Path], katas: Sequence[Kata]) -> list[Path]:
    """Return where the submissions are: each place is one, or a folder with one entry for each.

    Two submissions of the same name would be one row in the gradebook, and are refused.
    """
    found = [path for place in places for path in _at(place, katas)]
    names: dict[str, Path] = {}
    for path in found:
        before = names.setdefault(name_of(path), path)
        if before.resolve() != path.resolve():
            raise KatasError(
                "Two submissions are called '{name}': {first} and {second}.",
                "Next: rename one of them, and run the same command again.",
                name=name_of(path),
                first=before,
                second=path,
            )
    return sorted(names.values(), key=name_of)


def _at(place: Path, katas: Sequence[Kata]) -> list[Path]:
    if not place.exists():
        raise KatasError(
            "There is no {place}.",
            "Next: name a folder with one entry for each submission: {command}",
            place=place,
            command=command("grade", "submissions/"),
        )
    if place.is_file() and not archives.is_archive(place):
        raise KatasError(
            "{place} is neither a folder nor a zip or tar archive.",
            "Next: put it into a folder named like the one who wrote it, and name that folder.",
            place=place,
        )
    if place.is_file() or _is_submission(place, katas):
        return [place]
    entries = [path for path in place.iterdir() if not path.name.startswith(".") and path.name != "__MACOSX"]
    inside = [path for path in entries if not path.is_symlink() and (path.is_dir() or archives.is_archive(path))]
    if not inside:
        raise KatasError(
            "There are no submissions in {place}.",
            "Next: put a folder, a zip or a tar archive for each person into it, and run the same command again.",
            place=place,
        )
    return inside


def _is_submission(folder: Path, katas: Sequence[Kata]) -> bool:
    if repositories.git_folder(folder) or (folder / "katas").is_dir():
        return True
    return any((folder / kata.name).is_dir() or (folder / f"{kata.slug}.py").is_file() for kata in katas)
