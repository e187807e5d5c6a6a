"""Properties that hold for whatever a child, a course or an answer brings along."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_protocol import FAILED

from asyncio_katas import catalog, scoring
from asyncio_katas.protocol import Journal
from asyncio_katas.records import Check, Finding, Kata, KatasError, Observation, Outcome, Report, Task
from asyncio_katas.rendering import report_json, terminal
from asyncio_katas.staging import Assembly

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("a", "b")
KATA = Kata(
    1,
    "kata",
    "Title",
    Path("katas/01_kata"),
    (Task(1, "Task", 2, ()),),
    tuple(Check(name, f"{name} holds.", 1, 10.0) for name in NAMES),
    (),
    "",
    "",
)
ASSEMBLY = Assembly(KATA, Path("kata.py"), Path("staged"))
many = settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value inside nested data."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else []
    return [path] + [place for key, value in inner for place in places(value, (*path, key))]


def report_on(journal: Journal) -> Report:
    """Score a kata as the grader would after one child."""
    findings = {name: journal.findings[f"kata::{name}"] for name in NAMES if f"kata::{name}" in journal.findings}
    return scoring.score([ASSEMBLY], {"kata": Observation(findings)})


def show(report: Report) -> None:
    """Bring a report into every form there is."""
    json.loads(report_json.render(report))
    terminal.render(report, narrow=True, width=60, here=Path.cwd(), command="katas check")


@many
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_crash_the_parent(lines: list[bytes]) -> None:
    """Any bytes at all are read, and none of them earns a point."""
    journal = Journal()
    for line in lines:
        journal.feed(line)
    report = report_on(journal)
    show(report)
    assert report.points == 0


@many
@given(st.data())
def test_no_mangled_record_crashes_the_parent(data: st.DataObject) -> None:
    """A record in which any value is replaced, or left out, is refused or can be shown; it earns nothing."""
    record = copy.deepcopy(FAILED) | {"check": "kata::a"}
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(record)[1:]))
        target = record
        for key in place[:-1]:
            target = target[key]
        if data.draw(st.booleans()):
            target[place[-1]] = data.draw(JSON)
        else:
            del target[place[-1]]
    record["event"] = "verdict"
    if record.get("outcome") == "passed":
        return
    journal = Journal()
    journal.feed(json.dumps(record).encode())
    report = report_on(journal)
    show(report)
    assert report.points == 0


OUTCOMES = st.sampled_from(["passed", "failed", "error", "timeout", "brilliant"])
MESSAGE = {"template": "No.", "values": {}}
RECORDS = st.one_of(
    st.builds(
        lambda name, outcome: {"event": "verdict", "check": f"kata::{name}", "outcome": outcome, "message": MESSAGE},
        st.sampled_from([*NAMES, "c", ""]),
        OUTCOMES,
    ),
    st.builds(lambda name: {"event": "begin", "check": f"kata::{name}"}, st.sampled_from(NAMES)),
    st.sampled_from([{"event": "import", "kata": "kata"}, {"event": "imported", "kata": "kata"}, {"event": "end"}]),
)


@many
@given(st.lists(RECORDS, max_size=8))
def test_points_are_for_what_was_said_once(records: list[dict[str, Any]]) -> None:
    """A check is worth its points if one verdict arrived for it, and that said passed."""
    journal = Journal()
    for record in records:
        journal.feed(json.dumps(record).encode())
    report = report_on(journal)
    show(report)
    for result in report.katas[0].checks:
        said = [
            record["outcome"]
            for record in records
            if record.get("check") == f"kata::{result.check.id}" and record["event"] == "verdict"
        ]
        # What does not fit the schema is no verdict; but after one, whatever speaks of the check was forged.
        while said and said[0] == "brilliant":
            said.pop(0)
        assert (result.points == 2) == (said == ["passed"])
        assert (result.outcome is Outcome.TAMPERED) == (len(said) > 1)


TOML = st.text(max_size=200) | st.builds(
    lambda title, points, hints, before: (
        f'title = {title}\nprerequisites = {before}\n[[tasks]]\ntitle = "One"\npoints = {points}\nhints = {hints}\n'
    ),
    *[st.sampled_from(['"A title"', '""', "3", "-1", "1", "[]", '["x"]', "[3]", "{}", "true", "1e9"])] * 4,
)
CHECKS = st.text(max_size=200) | st.builds(
    lambda name, mark, doc: f"import pytest\n\n\n@{mark}\nasync def {name}(lab):\n    {doc}\n",
    st.sampled_from(["test_x", "check", "test_", "ä"]),
    st.sampled_from(["pytest.mark.task(1)", "pytest.mark.task(2)", "pytest.mark.task", "pytest.mark.task('1')", "x"]),
    st.sampled_from(['"""x: holds."""', '""""""', "pass", "3", "'\\x00'"]),
)


@many
@given(TOML, CHECKS)
def test_a_broken_course_is_an_error_in_words(meta: str, checks: str) -> None:
    """Whatever stands in a kata's files, it is read, or refused with a fact and a next step."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "01_kata"
        folder.mkdir()
        (folder / "kata.toml").write_text(meta, encoding="utf-8", errors="replace")
        (folder / "test_kata.py").write_text(checks, encoding="utf-8", errors="replace")
        found: Kata | KatasError
        try:
            found = catalog.load(folder)
        except KatasError as error:
            found = error
    if isinstance(found, Kata):
        assert found.checks
        assert all(1 <= check.task <= len(found.tasks) for check in found.checks)
    else:
        assert str(found.fact)
        assert str(found.next_step).startswith("Next: ")


@many
@given(st.sampled_from(list(Outcome)), st.text(max_size=50), st.text(max_size=50), st.integers(0, 2000))
def test_every_report_can_be_shown(outcome: Outcome, said: str, printed: str, width: int) -> None:
    """Any outcome with any text fits any window, and the JSON report says the same points."""
    from asyncio_katas.lab.messages import Message  # noqa: PLC0415 - only here

    finding = Finding(outcome, Message.of("{said}", {"said": said}), None, None, printed)
    report = scoring.score([ASSEMBLY], {"kata": Observation(dict.fromkeys(NAMES, finding))})
    page = terminal.render(report, narrow=True, width=width, here=Path.cwd(), command="katas check")
    assert all(line.cell_len <= max(width, 2) for line in page.split("\n"))
    data = json.loads(report_json.render(report))
    assert data["points"] == (4 if outcome is Outcome.PASSED else 0)
    assert data["katas"][0]["checks"][0]["outcome"] == outcome.value
