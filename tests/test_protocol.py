"""The journal: whatever a child writes, the parent neither crashes nor believes it."""

from __future__ import annotations

import json
import queue
from pathlib import Path
from typing import Any

import pytest

from asyncio_katas import children, running
from asyncio_katas.lab.messages import Message
from asyncio_katas.protocol import MAX_LINE, Job, Journal, clean
from asyncio_katas.records import Outcome

FAILED: dict[str, Any] = {
    "event": "verdict",
    "check": "kata::test_x",
    "outcome": "failed",
    "message": {"template": "{n} of 3", "values": {"n": "4"}},
    "look": {"template": "Look.", "values": {}},
    "spot": {"path": "kata.py", "line": 3, "source": "x"},
    "timeline": {
        "end": 2,
        "spans": [{"label": "a", "start": 0, "end": None, "how": "running", "cleanup": None, "due": None}],
        "more": 0,
        "mark": {"at": 1, "text": "here", "due": 2},
    },
    "output": "printed",
}


def fed(*records: object) -> Journal:
    """Return a journal that was fed these records, or lines as they are."""
    journal = Journal()
    for record in records:
        journal.feed(record if isinstance(record, bytes) else json.dumps(record).encode())
    return journal


def test_a_verdict_arrives_whole() -> None:
    """A failure keeps its message, pointer, line, output and timeline."""
    finding = fed(FAILED).findings["kata::test_x"]
    assert finding.outcome is Outcome.FAILED
    assert str(finding.message) == "4 of 3"
    assert finding.spot is not None
    assert finding.spot.line == 3
    assert finding.output == "printed"
    assert finding.timeline == FAILED["timeline"]


def test_a_value_may_be_a_message() -> None:
    """A value in words arrives as a message of its own, and so does the text at a mark: both can be translated."""
    inner = {"template": "returned {value}", "values": {"value": "None"}}
    said = {"template": "{call} {happened}.", "values": {"call": "f", "happened": inner}}
    finding = fed(FAILED | {"message": said, "mark": inner}).findings["kata::test_x"]
    assert finding.message == Message(
        "{call} {happened}.", {"call": "f", "happened": Message("returned {value}", {"value": "None"})}
    )
    assert str(finding.message) == "f returned None."
    assert str(finding.mark) == "returned None"


def test_messages_inside_messages_cannot_grow_without_end() -> None:
    """Fields that repeat, level by level, would make a short record a text of many gigabytes."""
    said: dict[str, Any] = {"template": "x" * 100, "values": {}}
    for _ in range(12):
        said = {"template": "{a}" * 20, "values": {"a": said}}
    journal = fed(FAILED | {"message": said})
    assert (journal.rejected, journal.findings) == (1, {})
    assert fed(FAILED | {"message": {"template": "{missing}", "values": {}}}).rejected == 1


def test_progress_is_followed() -> None:
    """The journal knows what is being imported and which check is running."""
    journal = fed({"event": "import", "kata": "k"})
    assert journal.importing == "k"
    journal = fed(
        {"event": "import", "kata": "k"}, {"event": "imported", "kata": "k"}, {"event": "begin", "check": "c"}
    )
    assert (journal.importing, journal.current, journal.ended) == (None, "c", False)
    assert fed({"event": "end", "status": 0}).ended


def test_two_verdicts_for_one_check_are_tampering() -> None:
    """The recorder speaks once of each check; whoever speaks again was not the recorder."""
    passed = {"event": "verdict", "check": "kata::test_x", "outcome": "passed"}
    assert fed(FAILED, passed).findings["kata::test_x"].outcome is Outcome.TAMPERED
    assert fed(passed, FAILED).findings["kata::test_x"].outcome is Outcome.TAMPERED


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "brilliant"},
        {"outcome": None},
        {"message": None},
        {"message": "text"},
        {"message": {"template": "{missing}", "values": {}}},
        {"message": {"template": "{0}", "values": {}}},
        {"message": {"template": "{", "values": {}}},
        {"message": {"template": "{n.x}", "values": {"n": "1"}}},
        {"message": {"template": "{n:>999999999}", "values": {"n": "1"}}},
        {"message": {"template": "{n!r}", "values": {"n": "1"}}},
        {"message": {"template": "{n:{n}}", "values": {"n": "9"}}},
        {"message": {"template": "{n}" * 100, "values": {"n": "1"}}},
        {"spot": {"path": "x", "line": float("inf"), "source": ""}},
        {"message": {"template": 3, "values": {}}},
        {"message": {"template": "x", "values": {"n": 3}}},
        {"spot": {"path": 1, "line": 1, "source": ""}},
        {"spot": {"path": "x", "line": "y", "source": ""}},
        {"output": ["x"]},
        {"timeline": {}},
        {"timeline": {"end": "x", "spans": [], "mark": None}},
        {"timeline": {"end": 1e400, "spans": [], "mark": None}},
        {"timeline": {"end": 1, "spans": [{"label": "a"}], "mark": None}},
        {"timeline": {"end": 1, "spans": 5, "mark": None}},
        {"check": 5},
        {"event": "praise"},
        {"event": None},
    ],
    ids=str,
)
def test_what_does_not_fit_is_ignored(change: dict[str, Any]) -> None:
    """A record that does not fit the schema is counted, and decides nothing."""
    journal = fed(FAILED | change)
    assert journal.findings == {}
    assert journal.rejected == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b'{"event": 1e999}',
        b"{" * 100_000,
        b'{"event": "verdict"}',
        b"x" * MAX_LINE,
    ],
    ids=lambda line: repr(line[:20]),
)
def test_garbage_is_survived(line: bytes) -> None:
    """No line of bytes makes the journal fail, or decide anything."""
    journal = fed(line)
    assert journal.findings == {}
    assert not journal.ended


def test_control_characters_are_neutralised() -> None:
    """No text can steer a terminal."""
    assert clean("a\x1b[31mb\r\n\tc\x07") == "a\\x1b[31mb\\x0d\n\tc\\x07"
    finding = fed(FAILED | {"output": "\x1b[2J"}).findings["kata::test_x"]
    assert "\x1b" not in finding.output


def test_times_and_texts_are_bounded() -> None:
    """Numbers and texts of any size become ones that can be drawn."""
    spans = [{"label": "a\nb" * 100, "start": -5, "end": 1e300, "how": "raised", "cleanup": None}] * 500
    finding = fed(
        FAILED | {"output": "x" * 100_000, "timeline": {"end": 1e300, "spans": spans, "more": 7, "mark": None}}
    )
    timeline = finding.findings["kata::test_x"].timeline
    assert timeline is not None
    assert len(timeline["spans"]) == 200
    assert timeline["spans"][0]["start"] == 0
    assert timeline["end"] == 1e12
    assert "\n" not in timeline["spans"][0]["label"]
    assert len(finding.findings["kata::test_x"].output) == 20_000


def test_a_stack_from_c_names_the_line() -> None:
    """The stack that a dying child prints names the innermost line of the answer, not one of the check's."""
    journal = fed(
        b"Timeout (0:00:15)!",
        b"Thread 0x1 (most recent call first):",
        b'  File "/usr/lib/python3/asyncio/x.py", line 1 in x',
        b'  File "/stage/06_k/k.py", line 7 in spin',
        b'  File "/stage/06_k/test_k.py", line 9 in test_x',
    )
    assert journal.hard_limit
    spot = journal.stopped_at("/stage")
    assert spot is not None
    assert (spot.path, spot.line) == ("/stage/06_k/k.py", 7)


def test_a_job_survives_the_way_to_the_child() -> None:
    """A job is the same after it has been a line."""
    job = Job(["06_k"], ["k::test_x"])
    assert job.line().endswith(b"\n")
    assert job.line().count(b"\n") == 1
    assert Job.of(job.line()) == job


def test_whoever_reads_a_journal_closes_it(tmp_path: Path) -> None:
    """Ending a child leaves its journal open: a reader would go on under the number of another child's journal."""
    child = children.start(str(tmp_path), warm=False)
    child.end()
    assert not child.journal.closed
    lines: queue.Queue[bytes | None] = queue.Queue()
    running._read(child.journal, lines)
    assert child.journal.closed
    assert lines.get_nowait() is None
