"""The gradebook: an SQLite file with everything that was graded, one transaction per submission.

A run that is killed leaves whole submissions only. Nothing is ever changed in it: a submission that is graded again
gets another grading, and the newest one counts.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from asyncio_katas import __version__
from asyncio_katas.invocation import command
from asyncio_katas.lab.messages import Message
from asyncio_katas.marking.grading import Graded
from asyncio_katas.marks import Answer, HandedOut, HeldBackResult, Marked, Submission, Timing
from asyncio_katas.protocol import finding
from asyncio_katas.records import CheckResult, Finding, Kata, KataResult, KatasError, Outcome, Report, Spot
from asyncio_katas.scoring import overall

# What the tables look like; a gradebook of a later form is refused, never misread.
_FORM = 2
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE gradings (
    id INTEGER PRIMARY KEY,
    submission TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    terms TEXT NOT NULL,
    graded_at TEXT NOT NULL,
    grader TEXT NOT NULL,
    unreadable TEXT,
    notes TEXT NOT NULL,
    clock TEXT NOT NULL,
    handed_in TEXT,
    late_s REAL NOT NULL,
    commit_hash TEXT NOT NULL,
    left_out INTEGER NOT NULL,
    handed_out TEXT
);
CREATE INDEX by_submission ON gradings (submission, id);
CREATE VIEW counting AS SELECT * FROM gradings WHERE id IN (SELECT max(id) FROM gradings GROUP BY submission);
CREATE TABLE katas (
    grading INTEGER NOT NULL REFERENCES gradings (id),
    kata TEXT NOT NULL,
    variant TEXT NOT NULL,
    path TEXT NOT NULL,
    answer BLOB,
    unusable TEXT,
    isolation TEXT NOT NULL,
    duration_s REAL NOT NULL,
    PRIMARY KEY (grading, kata)
);
CREATE TABLE checks (
    grading INTEGER NOT NULL REFERENCES gradings (id),
    kata TEXT NOT NULL,
    name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    message TEXT,
    finding TEXT NOT NULL,
    PRIMARY KEY (grading, kata, name)
);
CREATE TABLE held_back (
    grading INTEGER NOT NULL REFERENCES gradings (id),
    kata TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    task INTEGER NOT NULL,
    outcome TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Known:
    """What the gradebook knows of a submission before a run: enough to tell whether it is to be graded again."""

    digest: str
    terms: str
    katas: frozenset[str]


class Gradebook:
    """An open gradebook; use it inside `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def known(self, name: str) -> Known | None:
        """Return what the newest grading of a submission was about, if there is one."""
        row = self._connection.execute(
            "SELECT id, digest, terms FROM gradings WHERE submission = ? ORDER BY id DESC LIMIT 1", (name,)
        ).fetchone()
        if row is None:
            return None
        slugs = self._connection.execute("SELECT kata FROM katas WHERE grading = ?", (row[0],))
        return Known(row[1], row[2], frozenset(slug for (slug,) in slugs))

    def add(self, graded: Graded, katas: Sequence[Kata], terms: str) -> None:
        """Note one submission, all of it or nothing."""
        found = graded.submission
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            row = (
                found.name,
                found.source,
                found.digest,
                terms,
                datetime.now(UTC).isoformat(timespec="seconds"),
                __version__,
                _message(found.unreadable),
                json.dumps([_data(note) for note in found.notes]),
                found.timing.clock,
                found.timing.handed_in.isoformat() if found.timing.handed_in else None,
                found.timing.late_s,
                found.timing.commit,
                found.timing.left_out,
                _handed_out(found.handed_out),
            )
            key = self._connection.execute(
                "INSERT INTO gradings VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
            ).lastrowid
            self._add_katas(key, graded, katas)
            self._connection.executemany(
                "INSERT INTO held_back VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (key, held["slug"], held["check"], held["title"], held["task"], held["outcome"])
                    for held in graded.held_back
                ],
            )

    def _add_katas(self, key: int | None, graded: Graded, katas: Sequence[Kata]) -> None:
        answers = {answer.slug: answer for answer in graded.submission.answers}
        for kata in katas:
            answer, result = answers.get(kata.slug), graded.katas.get(kata.slug, {})
            self._connection.execute(
                "INSERT INTO katas VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    key,
                    kata.slug,
                    kata.variant,
                    answer.path if answer else "",
                    answer.content if answer else None,
                    _message(graded.submission.unusable.get(kata.slug)),
                    result.get("isolation", ""),
                    result.get("duration_s", 0.0),
                ),
            )
            self._connection.executemany(
                "INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (key, kata.slug, name, data["outcome"], _text(data), json.dumps(data))
                    for name, data in result.get("findings", {}).items()
                ],
            )

    def names(self) -> list[str]:
        """Return the names of all submissions."""
        return [name for (name,) in self._connection.execute("SELECT DISTINCT submission FROM gradings ORDER BY 1")]

    def katas(self) -> set[str]:
        """Return the slugs of all katas that count in some submission."""
        return {slug for (slug,) in self._connection.execute("SELECT kata FROM katas JOIN counting ON id = grading")}

    def answers(self, slug: str) -> dict[str, bytes]:
        """Return the answers to one kata that count, by submission."""
        rows = self._connection.execute(
            "SELECT submission, answer FROM katas JOIN counting ON id = grading "
            "WHERE kata = ? AND answer IS NOT NULL ORDER BY submission",
            (slug,),
        )
        return {name: bytes(content) for name, content in rows}

    def marked(self, katas: Sequence[Kata]) -> Iterator[Marked]:
        """Give every submission with its newest grading, one at a time, with the course's points."""
        for name in self.names():
            yield self.one(name, katas)

    def one(self, name: str, katas: Sequence[Kata]) -> Marked:
        """Return one submission with its newest grading; `katas` are those of the course and their variants."""
        self._connection.row_factory = sqlite3.Row
        try:
            row = self._connection.execute(
                "SELECT * FROM gradings WHERE submission = ? ORDER BY id DESC LIMIT 1", (name,)
            ).fetchone()
            rows = self._connection.execute("SELECT * FROM katas WHERE grading = ?", (row["id"],)).fetchall()
            found = self._connection.execute("SELECT * FROM checks WHERE grading = ?", (row["id"],)).fetchall()
            held = self._connection.execute("SELECT * FROM held_back WHERE grading = ?", (row["id"],)).fetchall()
        finally:
            self._connection.row_factory = None
        parts = {(part["kata"], part["variant"]): part for part in rows}
        findings: dict[str, dict[str, Finding]] = {}
        for check in found:
            findings.setdefault(check["kata"], {})[check["name"]] = finding(json.loads(check["finding"]))
        results = tuple(
            _result(kata, parts[kata.slug, kata.variant], findings.get(kata.slug, {}))
            for kata in katas
            if (kata.slug, kata.variant) in parts
        )
        report = Report(results)
        return Marked(
            _submission(row, rows),
            report,
            tuple(HeldBackResult(h["kata"], h["name"], h["title"], h["task"], Outcome(h["outcome"])) for h in held),
            row["graded_at"],
            row["terms"],
            report.points,
            report.max_points,
        )


def _submission(row: sqlite3.Row, rows: Sequence[sqlite3.Row]) -> Submission:
    return Submission(
        row["submission"],
        row["source"],
        tuple(Answer(part["kata"], part["path"], bytes(part["answer"])) for part in rows if part["answer"] is not None),
        {part["kata"]: _read(part["unusable"]) for part in rows if part["unusable"]},
        tuple(Message(note["template"], note["values"]) for note in json.loads(row["notes"])),
        Timing(
            row["clock"],
            datetime.fromisoformat(row["handed_in"]) if row["handed_in"] else None,
            row["late_s"],
            row["commit_hash"],
            row["left_out"],
        ),
        _read(row["unreadable"]) if row["unreadable"] else None,
        _read_handed_out(row["handed_out"]) if row["handed_out"] else None,
    )


def _handed_out(out: HandedOut | None) -> str | None:
    return json.dumps(asdict(out) | {"at": out.at.isoformat()}) if out else None


def _read_handed_out(text: str) -> HandedOut:
    data = json.loads(text)
    return HandedOut(**(data | {"at": datetime.fromisoformat(data["at"])}))


def _result(kata: Kata, row: sqlite3.Row, findings: Mapping[str, Finding]) -> KataResult:
    absent = Message.of("No file named {file} was handed in.", {"file": f"{kata.slug}.py"})
    if row["unusable"]:
        absent = _read(row["unusable"])
    checks = []
    for check in kata.checks:
        known = findings.get(check.id) or Finding(Outcome.NOT_RUN, absent)
        worth = kata.points(check)
        points = worth if known.outcome is Outcome.PASSED else 0
        checks.append(CheckResult(check, _at_home(known, kata, row["path"]), points, worth))
    outcome = overall(check.outcome for check in checks)
    return KataResult(kata, Path(row["path"] or "-"), outcome, tuple(checks), row["isolation"], row["duration_s"])


def _at_home(known: Finding, kata: Kata, path: str) -> Finding:
    """Point at the file as it lay in the submission, not at a copy on the worker."""
    spot = known.spot
    if spot is None or Path(spot.path).name != f"{kata.slug}.py":
        return known
    home = Spot(path, spot.line, spot.source)
    return Finding(known.outcome, known.message, known.look, home, known.output, known.timeline)


def _data(message: Message) -> dict[str, Any]:
    return {"template": message.template, "values": dict(message.values)}


def _message(message: Message | None) -> str | None:
    return json.dumps(_data(message)) if message else None


def _read(text: str) -> Message:
    data = json.loads(text)
    return Message(data["template"], data["values"])


def _text(data: Mapping[str, Any]) -> str | None:
    known = finding(dict(data))
    return "\n".join(str(part) for part in (known.message, known.look) if part) or None


def version(katas: Sequence[Kata]) -> str:
    """Return the version of a course, given with its variants: another one whenever a check or its worth is."""
    known = hashlib.sha256()
    for kata in sorted(katas, key=lambda kata: (kata.number, kata.variant)):
        worth = [task.points for task in kata.tasks]
        known.update(f"{kata.name}\0{kata.digest}\0{worth}\n".encode())
    return known.hexdigest()[:12]


@contextmanager
def opened(path: Path, course: str, words: Sequence[str]) -> Iterator[Gradebook]:
    """Give a gradebook for this version of the course, made if need be, to nobody else for as long as it is open.

    `words` is the command that asked for it, for whoever has to run it again. Raises a KatasError for whatever keeps
    the file from being read or written, also later on, inside the block.
    """
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=2.0, isolation_level=None)
        _prepare(connection, path, course, words)
        yield Gradebook(connection)
    except sqlite3.Error as error:
        raise _trouble(error, path, words) from error
    except OSError as error:
        if connection is not None:
            raise
        raise KatasError(
            "The folder {folder} for the gradebook cannot be made: {why}.",
            "Next: choose another place: {command}",
            folder=path.parent,
            why=error.strerror,
            command=_again(words, path.with_name("another.sqlite")),
        ) from None
    finally:
        if connection is not None:
            connection.close()


def _prepare(connection: sqlite3.Connection, path: Path, course: str, words: Sequence[str]) -> None:
    # One run at a time; the lock goes with the process, however that ends, and WAL then needs no shared memory, so
    # that a gradebook may lie on a network drive.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    form = connection.execute("PRAGMA user_version").fetchone()[0]
    if form == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute("INSERT INTO about VALUES ('course', ?), ('grader', ?)", (course, __version__))
        connection.execute(f"PRAGMA user_version = {_FORM}")
    elif form != _FORM:
        raise KatasError(
            "{path} is no gradebook that this version of asyncio-katas can read.",
            "Next: grade into another one: {command}",
            path=path,
            command=_again(words, path.with_name(f"{path.stem}-2{path.suffix}")),
        )
    connection.execute("COMMIT")
    known = connection.execute("SELECT value FROM about WHERE name = 'course'").fetchone()[0]
    if known != course:
        raise KatasError(
            "{path} was begun with version {known} of the course; this is version {course}, whose checks are others.",
            "Next: grade into another one: {command}",
            path=path,
            known=known,
            course=course,
            command=_again(words, path.with_name(f"{path.stem}-{course}{path.suffix}")),
        )


def _again(words: Sequence[str], path: Path) -> str:
    """Return the command with another gradebook."""
    kept = [word for before, word in pairwise(["", *words]) if "--gradebook" not in {before, word}]
    return command("grade", *kept, "--gradebook", f'"{path}"' if " " in str(path) else str(path))


def _trouble(error: sqlite3.Error, path: Path, words: Sequence[str]) -> KatasError:
    """Say in words what keeps a gradebook from being used; what was written before stays."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        fact, next_step = (
            "The disk with the gradebook {path} is full.",
            "What was graded so far is kept. Next: make room, and go on with: {again}",
        )
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        fact, next_step = (
            "The gradebook {path} cannot be written: {why}.",
            "Next: choose a place that is yours to write: {other}",
        )
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        fact, next_step = (
            "Another run, or another program, is using the gradebook {path}.",
            "Next: wait until it is done, or choose another one: {other}",
        )
    elif name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        fact, next_step = "{path} is no gradebook: {why}.", "Next: choose another one: {other}"
    else:
        fact, next_step = (
            "The gradebook {path} cannot be written: {why}.",
            "What was graded so far is kept. Next: see to the disk, and go on with: {again}",
        )
    return KatasError(
        fact,
        next_step,
        path=path,
        why=error,
        again=command("grade", *words),
        other=_again(words, path.with_name("another.sqlite")),
    )
