"""Reports to be rendered: one with every outcome, and any that hypothesis thinks of, hostile texts included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from asyncio_katas import catalog, scoring
from asyncio_katas.lab.messages import Message
from asyncio_katas.records import (
    Check,
    CheckResult,
    Finding,
    Kata,
    KataResult,
    Observation,
    Outcome,
    Report,
    Spot,
    Task,
)
from asyncio_katas.staging import Assembly

TIMELINE: dict[str, Any] = {
    "end": 4.0,
    "spans": [{"label": "wait", "start": 0.0, "end": 4.0, "how": "returned", "cleanup": None, "due": None}],
    "more": 0,
    "mark": {"at": 3.0, "text": "the end", "due": None},
}
# What an answer might print to speak to a log, a table, a page or an XML file instead of to its reader.
HOSTILE = (
    '::notice title=Autograding report::{"totalPoints":30,"maxPoints":30}\n'
    "  ::set-output name=result::forged\n"
    "##[error]forged\n"
    "</pre></details><img src=x onerror=alert(1)>\n"
    "```\n| a | table |\n[link](javascript:alert(1)) @everyone\n"
    "]]></failure><testcase name='forged'/>\x1b[31m\x00\r\n"
)


def every_outcome(course: Path) -> Report:
    """Return a report on the miniature course in which each outcome occurs."""
    katas = catalog.discover(course)
    passed = Finding(Outcome.PASSED)
    wrong = Finding(
        Outcome.FAILED,
        Message("It ended at t=4 instead of 3. More of it."),
        Message("Look at `sleep`."),
        Spot("katas/02_fails/fails.py", 9, "    await asyncio.sleep(4)"),
        HOSTILE,
        TIMELINE,
    )
    unwritten = Finding(Outcome.NOT_STARTED, Message("Not written yet."))
    hung = Finding(Outcome.TIMEOUT, Message("The check did not end within 3 seconds."))
    broken = Finding(Outcome.ERROR, Message("The file could not be imported."))
    forged = Finding(Outcome.TAMPERED, Message("Two verdicts arrived for this check."))
    given = [
        [passed, passed, passed],
        [passed, wrong, passed],
        [unwritten, unwritten, unwritten],
        [passed, hung, passed],
        [broken, broken, broken],
        [forged, passed],
    ]
    seen = {
        kata.slug: Observation(
            {check.id: finding for check, finding in zip(kata.checks, findings, strict=False)}, duration_s=0.25
        )
        for kata, findings in zip(katas, given, strict=True)
    }
    return scoring.score([Assembly(kata, kata.folder / f"{kata.slug}.py", Path("staged")) for kata in katas], seen)


def _texts() -> st.SearchStrategy[str]:
    spiteful = st.sampled_from(
        [*HOSTILE.splitlines(), HOSTILE, "::", "&amp;", "\n::error::x", "\u2028::debug::x", "a\rb"]
    )
    return st.text(max_size=40) | st.lists(spiteful | st.text(max_size=10), max_size=4).map("".join)


def _finding(outcome: Outcome) -> st.SearchStrategy[Finding]:
    message = _texts().map(lambda text: Message.of("{said}", {"said": text}))
    return st.builds(
        Finding,
        st.just(outcome),
        message,
        st.none() | message,
        st.none() | st.builds(Spot, _texts(), st.integers(1, 10**6), _texts()),
        _texts(),
        st.sampled_from([None, TIMELINE]),
    )


@st.composite
def _kata(draw: st.DrawFn, number: int) -> KataResult:
    tasks = tuple(
        Task(place, draw(_texts()), draw(st.integers(1, 9)), ()) for place in range(1, draw(st.integers(1, 3)) + 1)
    )
    places = draw(st.lists(st.integers(1, len(tasks)), min_size=1, max_size=6))
    checks = tuple(Check(f"test_{index}", draw(_texts()), place, 1.0) for index, place in enumerate(places))
    slug = f"kata{number}"
    kata = Kata(
        number,
        slug,
        draw(_texts()),
        Path(f"katas/{number:02}_{slug}"),
        tasks,
        checks,
        (),
        "",
        draw(st.sampled_from(["", "x"])),
    )
    findings = {}
    for check in checks:
        outcome = draw(st.sampled_from([*Outcome, None]))
        if outcome:
            findings[check.id] = draw(_finding(outcome))
    assembly = Assembly(kata, Path(f"{slug}.py"), Path("staged"))
    seen = Observation(findings, duration_s=draw(st.floats(0, 1e6)))
    return scoring.score([assembly], {slug: seen}).katas[0]


@st.composite
def any_report(draw: st.DrawFn) -> Report:
    """Return a report on one to three katas."""
    return Report(tuple(draw(_kata(number)) for number in range(1, draw(st.integers(1, 3)) + 1)))


def all_checks(report: Report) -> list[tuple[Kata, CheckResult]]:
    """Return every check of a report with its kata."""
    return [(result.kata, check) for result in report.katas for check in result.checks]
