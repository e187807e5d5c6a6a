"""`katas check` on the miniature course: outcomes, selection, exit codes, formats."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asyncio_katas.records import Outcome

if TYPE_CHECKING:
    from conftest import Ran

Katas = Callable[..., "Ran"]

OUTCOMES = {
    "passes": ["passed", "passed", "passed"],
    "fails": ["passed", "failed", "passed"],
    "not_started": ["not_started", "not_started", "not_started"],
    "hangs": ["passed", "timeout", "passed"],
    "crashes_on_import": ["error", "error", "error"],
    "exits": ["passed", "error", "passed"],
}


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        ([], {}),
        (["--isolate"], {}),
        ([], {"ASYNCIO_KATAS_PORTABLE": "1"}),
        (["--isolate"], {"ASYNCIO_KATAS_PORTABLE": "1"}),
    ],
    ids=["together", "isolated", "portable", "portable isolated"],
)
def test_every_kata_gets_its_outcome(katas: Katas, words: list[str], environment: dict[str, str]) -> None:
    """Each kata ends as its name says, whatever its neighbours do, with and without fork and signals."""
    ran = katas("check", *words, "--format", "json", **environment)
    assert {slug: ran.outcomes(slug) for slug in OUTCOMES} == OUTCOMES
    assert ran.code == 1
    assert ran.err == ""


def test_points_and_totals(katas: Katas) -> None:
    """A check is worth its task's points, and the totals add up."""
    report = katas("check", "--format", "json").report
    assert report["schema"] == "asyncio-katas/report/v1"
    assert [kata["points"] for kata in report["katas"]] == [5, 3, 0, 3, 0, 3]
    assert [check["max_points"] for check in report["katas"][0]["checks"]] == [1, 2, 2]
    assert (report["points"], report["max_points"], report["solved"]) == (14, 30, 1)


def test_the_report_matches_its_documentation(katas: Katas) -> None:
    """Every field of the JSON report is documented, and nothing else is."""
    report = katas("check", "--format", "json").report
    documented = Path(__file__).parent.parent.joinpath("docs", "report.md").read_text(encoding="utf-8")
    kata = report["katas"][1]
    check = kata["checks"][1]
    assert check["timeline"] is not None
    span = check["timeline"]["spans"][0]
    for fields in (report, kata, check, check["timeline"], span, check["timeline"]["mark"]):
        for name in fields:
            assert f"`{name}`" in documented, name
    for outcome in Outcome:
        assert f"`{outcome.value}`" in documented


def test_failure_in_full(katas: Katas) -> None:
    """The terminal report shows the first failure: message, timeline, the learner's output, the next command."""
    ran = katas("check")
    assert "solved 1 of 6 · 9 of 18 checks" in ran.out
    assert "It ended at t=4 instead of 3." in ran.out
    assert "▲ the end" in ran.out
    assert "waiting" in ran.out
    assert ran.out.rstrip().endswith("katas check 02")
    assert "Traceback" not in ran.out + ran.err
    assert "pytest" not in ran.out + ran.err


def test_timeout_names_the_line(katas: Katas) -> None:
    """A check that never ends is stopped, and the line where it stood is shown."""
    check = katas("check", "hangs", "--format", "json").kata("hangs")["checks"][1]
    assert check["outcome"] == "timeout"
    assert check["line"] is None or check["line"]["path"].endswith("hangs.py")
    assert "hangs.py:" in check["message"]


def test_not_started_is_no_crash(katas: Katas) -> None:
    """An unwritten stub reads as not started."""
    ran = katas("check", "3")
    assert "not started" in ran.out
    assert "NotImplementedError" not in ran.out
    assert "Traceback" not in ran.out
    assert ran.code == 1


@pytest.mark.parametrize("word", ["1", "01", "passes", "01_passes", "pass", "katas/01_passes/", "PASSES"])
def test_a_kata_has_many_names(katas: Katas, word: str) -> None:
    """A number, a slug, a folder or a unique part of it names a kata."""
    ran = katas("check", word, "--format", "json")
    assert [kata["slug"] for kata in ran.report["katas"]] == ["passes"]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("pases", "Did you mean 'passes'?"),
        ("zzz", "There is no kata 'zzz'."),
        ("99", "There is no kata '99'."),
        ("s", "fits"),
    ],
)
def test_an_unknown_kata_is_explained(katas: Katas, word: str, said: str) -> None:
    """A wrong name gets one fact and the next command."""
    ran = katas("check", word)
    assert ran.code == 2
    assert said in ran.err
    assert "Next: katas check" in ran.err


def test_submission_folder(katas: Katas, course: Path) -> None:
    """Answers come from another folder, in kata folders or beside each other; what is absent was not run."""
    hand_in = course / "hand-in"
    (hand_in / "02_fails").mkdir(parents=True)
    right = (course / "katas/01_passes/passes.py").read_text(encoding="utf-8")
    (hand_in / "passes.py").write_text(right, encoding="utf-8")
    (hand_in / "02_fails" / "fails.py").write_text(right, encoding="utf-8")
    ran = katas("check", "1", "2", "3", "--submission", hand_in, "--format", "json")
    assert [kata["outcome"] for kata in ran.report["katas"]] == ["passed", "passed", "not_run"]
    assert "is missing" in ran.report["katas"][2]["checks"][0]["message"]


def test_several_formats_from_one_grading(katas: Katas, course: Path) -> None:
    """Each format goes to its own file; where they do not go together, nothing is graded."""
    words = ("--format", "json", "--output", "a.json", "--format", "markdown", "--output", "a.md")
    ran = katas("check", "1", *words)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert json.loads((course / "a.json").read_text(encoding="utf-8"))["katas"][0]["slug"] == "passes"
    assert (course / "a.md").read_text(encoding="utf-8").startswith("### 1 of 1 katas solved")
    ran = katas("check", "1", *words[:-2])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("2 x --format and 1 x --output do not go together.")


def test_output_file(katas: Katas, course: Path) -> None:
    """--output writes the report, and an impossible place is an error that loses nothing."""
    assert katas("check", "1", "--format", "json", "--output", "report.json").out == ""
    assert '"solved": 1' in (course / "report.json").read_text(encoding="utf-8")
    ran = katas("check", "1", "--output", "no/such/folder/report.txt")
    assert ran.code == 2
    assert "could not be written" in ran.err


def test_changed_checks_are_named(katas: Katas, course: Path) -> None:
    """A check file that is no longer the course's is named, with the command that restores it."""
    path = course / "katas/01_passes/test_passes.py"
    path.write_text(path.read_text(encoding="utf-8").replace('"Hello, Ada"', "None"), encoding="utf-8")
    ran = katas("check", "1")
    assert "differs from the course's checks" in ran.out
    assert "git checkout -- katas/01_passes/test_passes.py" in ran.out


def test_line_ends_are_no_change(katas: Katas, course: Path) -> None:
    """A check file that git checked out with Windows line ends is still the course's."""
    path = course / "katas/01_passes/test_passes.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert not katas("check", "1", "--format", "json").kata("passes")["checks_changed"]


def test_help_and_usage(katas: Katas) -> None:
    """--help explains, and an unknown option is bad usage."""
    assert "KATA" in katas("check", "--help").out
    assert katas("--version").out.startswith("katas")
    assert katas("check", "--nonsense").code == 2
    assert katas("check", "--submission", "nowhere").code == 2


def test_outside_of_a_course(katas: Katas, tmp_path: Path) -> None:
    """Somewhere else the command says what is missing and what to do."""
    ran = katas("check", cwd=tmp_path)
    assert ran.code == 2
    assert "Next: cd" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal here")
def test_interrupting(course: Path) -> None:
    """Ctrl-C ends the run with exit code 130, and no process is left behind."""
    began = course / "began"
    answer = course / "katas" / "04_hangs" / "hangs.py"
    text = answer.read_text(encoding="utf-8")
    answer.write_text(text.replace("        pass", f"        open({str(began)!r}, 'w').close()"), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "asyncio_katas", "check", "4"], cwd=course, stderr=subprocess.PIPE, text=True
    )
    while not began.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=400)
    assert process.returncode == 130
    assert "Interrupted" in err
