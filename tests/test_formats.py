"""The formats for other people's programs: each as its reader takes it, whatever an answer has printed."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from conftest import ROOT, Ran
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite
from markdown_it import MarkdownIt
from reports import HOSTILE, all_checks, any_report, every_outcome
from test_properties import many

from asyncio_katas.records import Outcome, Report
from asyncio_katas.rendering.formats import classroom, classroom50, gradescope, junit, markdown

GOLDEN = ROOT / "tests" / "golden"
# What Classroom 50's runner sets for a grader of one's own.
RUNNER = {
    "CLASSROOM": "cs-principles",
    "ASSIGNMENT": "asyncio-katas",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "ada",
    "SUBMISSION_TAG": "submit/2026-09-01T12-00-00Z-a1b2c3d",
    "COMMIT_URL": "https://github.com/org/cs-principles-asyncio-katas-ada/commit/a1b2c3d",
    "RELEASE_URL": "https://github.com/org/cs-principles-asyncio-katas-ada/releases/tag/submit%2F2026",
    "REVIEW_URL": "https://github.com/org/cs-principles-asyncio-katas-ada/compare/0...a1b2c3d",
}
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def as_classroom50(report: Report) -> str:
    text: str = classroom50.render(report, classroom50.submission(RUNNER, NOON))
    return text


RENDER: dict[str, Callable[[Report], str]] = {
    "classroom.env": classroom.render,
    "classroom50.json": as_classroom50,
    "gradescope.json": gradescope.render,
    "junit.xml": junit.render,
    "markdown.md": markdown.render,
}
# Each example is a whole report.
several = settings(many, max_examples=60)
each_format = pytest.mark.parametrize("name", RENDER)


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report with every outcome."""
    monkeypatch.chdir(ROOT / "tests" / "course")
    return every_outcome(Path())


@each_format
def test_golden_files(report: Report, name: str) -> None:
    """Each format is, sign by sign, what tests/golden holds; GOLDEN=write puts it there to be looked at."""
    text, golden = RENDER[name](report), GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        golden.write_bytes(text.encode())
    assert text == golden.read_text(encoding="utf-8")


@each_format
def test_a_report_on_nothing_is_no_pass(name: str) -> None:
    """A consumer takes an empty list for a pass, so there is none; the summary for people says nought of nought."""
    if name == "markdown.md":
        assert markdown.render(Report(())).startswith("### 0 of 0 katas solved")
        return
    with pytest.raises(ValueError, match="nothing was graded"):
        RENDER[name](Report(()))


@each_format
@several
@given(report=any_report())
def test_no_line_is_a_workflow_command(name: str, report: Report) -> None:
    """No line of any format begins with two colons after blanks, and none holds the older signs of a command."""
    text = RENDER[name](report)
    assert not [line for line in re.split(r"\r\n|\r|\n", text) if line.lstrip().startswith("::")]
    assert "##[" not in text


# GitHub Classroom


def steps_of(text: str) -> dict[str, dict[str, Any]]:
    """Read what the reporter reads: a list of runners, and a variable for each of them."""
    variables = dict(line.split("=", 1) for line in text.splitlines())
    runners = variables.pop("AUTOGRADING_RUNNERS")
    # With any other list the reporter speaks of the list, whatever has happened.
    assert re.fullmatch(r"([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", runners)
    names = [f"{runner.upper()}_RESULTS" for runner in runners.split(",")]
    assert sorted(names) == sorted(variables)
    assert all(re.fullmatch(r"[A-Za-z_]\w*", name) for name in names)
    return {name: json.loads(base64.b64decode(variables[name], validate=True)) for name in names}


def reported(steps: dict[str, dict[str, Any]]) -> tuple[float, float, float]:
    """Count as the reporter does: its table's score, its official score, and the most there is."""
    table = official = most = 0.0
    for step in steps.values():
        passed = sum(1 for test in step["tests"] if test["status"] == "pass")
        table += passed / len(step["tests"]) * step["max_score"]
        if step["max_score"]:
            most += step["max_score"]
            official += sum(test["score"] for test in step["tests"])
    return table, official, most


@several
@given(any_report())
def test_classroom_scores_agree(report: Report) -> None:
    """The reporter's table and its official score are both the report's points, whatever the weights are."""
    table, official, most = reported(steps_of(classroom.render(report)))
    assert (round(table, 6), official, most) == (report.points, report.points, report.max_points)


@several
@given(any_report())
def test_classroom_steps_are_complete(report: Report) -> None:
    """Every step has tests, every test a status, a whole score, and texts that stay in their line."""
    text = classroom.render(report)
    steps = steps_of(text)
    assert sum(len(step["tests"]) for step in steps.values()) == len(all_checks(report))
    for step in steps.values():
        assert type(step["max_score"]) is int
        assert (step["status"] == "pass") == all(test["status"] == "pass" for test in step["tests"])
        for test in step["tests"]:
            assert test["status"] in {"pass", "fail", "error"}
            assert type(test["score"]) is int
            assert test["score"] == (0 if test["status"] != "pass" else test["score"])
            assert test["name"]
            assert not test["test_code"]
            assert type(test["line_no"]) is int
            for said in (test["name"], test["message"], test["filename"]):
                assert said.splitlines() == ([said] if said else [])
                assert not said.lstrip().startswith("::")
                assert "##[" not in said
    assert all(len(line.partition("=")[2]) <= classroom.MOST_IN_A_STEP for line in text.splitlines())


def test_classroom_fits_the_environment(report: Report) -> None:
    """However much is to be said, a step is no longer than a variable can be on Windows."""
    check = report.katas[1].checks[1]
    said = replace(check.finding, message=replace(check.finding.message, template="字" * 5000))  # type: ignore[type-var]
    many_checks = tuple(replace(check, finding=said) for _ in range(60))
    text = classroom.render(Report((replace(report.katas[1], checks=many_checks),)))
    (step,) = steps_of(text).values()
    assert len(step["tests"]) == 60
    assert all(len(line) < 32_767 for line in text.splitlines())


# Classroom 50


def expect_result_v1(data: dict[str, Any]) -> None:
    """Hold a result to what Classroom 50's runner and collector refuse, and to the fields of its schema."""
    texts = ["classroom", "assignment", "owner", "submission", "commit", "release", "review", "datetime"]
    numbers = ["score", "max-score"]
    assert set(data) == {"schema", "assignment_type", "tests", *texts, *numbers}
    assert data["schema"] == "classroom50/result/v1"
    assert data["assignment_type"] in {"individual", "group", "team"}
    assert all(type(data[name]) is str and data[name] for name in texts)
    assert data["submission"].startswith("submit/")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", data["datetime"])
    for part in [data, *data["tests"]]:
        # A truth value is no number here.
        assert type(part["score"]) is int
        assert type(part["max-score"]) is int
        assert 0 <= part["score"] <= part["max-score"]
    for test in data["tests"]:
        assert type(test["test-name"]) is str
        assert test["test-name"]
        assert type(test["passed"]) is bool


@several
@given(any_report())
def test_classroom50_results_are_valid(report: Report) -> None:
    """The result holds what the runner asks for, the report's points, and a test for each check."""
    data = json.loads(as_classroom50(report))
    expect_result_v1(data)
    assert (data["score"], data["max-score"]) == (report.points, report.max_points)
    assert [test["passed"] for test in data["tests"]] == [
        check.outcome is Outcome.PASSED for _, check in all_checks(report)
    ]
    assert sum(test["score"] for test in data["tests"]) == report.points
    # The runner puts names into the rows of a table, and escapes nothing but its bars.
    assert all(test["test-name"].splitlines() == [test["test-name"]] for test in data["tests"])


def test_classroom50_names_what_is_missing(katas: Callable[..., Ran]) -> None:
    """Outside of the runner nothing is graded, and the variable that is missing is named."""
    for name in ("CLASSROOM", "SUBMISSION_TAG", "OWNER"):
        ran = katas("check", "1", "--format", "classroom50", **(RUNNER | {name: ""}))
        assert (ran.code, ran.out) == (2, "")
        assert f"{name} is not set" in ran.err
    expect_result_v1(json.loads(katas("check", "1", "--format", "classroom50", **RUNNER).out))


# Gradescope


@several
@given(any_report())
def test_gradescope_results_are_valid(report: Report) -> None:
    """Every field is one that Gradescope documents, with a value it documents, and the points are the report's."""
    data = json.loads(gradescope.render(report))
    assert set(data) == {
        "score",
        "execution_time",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "visibility",
        "stdout_visibility",
        "extra_data",
        "tests",
    }
    assert {data[name] for name in ("output_format", "test_output_format", "test_name_format")} == {"text"}
    assert (data["visibility"], data["stdout_visibility"]) == ("visible", "hidden")
    assert type(data["execution_time"]) is int
    assert data["score"] == sum(test["score"] for test in data["tests"]) == report.points
    assert sum(test["max_score"] for test in data["tests"]) == report.max_points
    for test, (_, check) in zip(data["tests"], all_checks(report), strict=True):
        known = {"name", "number", "score", "max_score", "status", "tags", "visibility", "extra_data"}
        assert set(test) == (known if check.outcome is Outcome.PASSED else known | {"output"})
        assert test["status"] == ("passed" if check.outcome is Outcome.PASSED else "failed")
        assert 0 <= test["score"] <= test["max_score"]
        assert test["name"].splitlines() == [test["name"]]


# JUnit: of each element its attributes, those that must be there, and its children, as the schema of Jenkins has them.
_PROBLEM = ({"type", "message"}, set[str](), set[str]())
ELEMENTS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "id", "package", "hostname", "timestamp"},
        {"name", "tests", "failures", "errors"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    "testcase": (
        {"name", "time", "classname", "group"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": _PROBLEM,
    "error": _PROBLEM,
}


def expect_junit(element: ET.Element) -> None:
    """Hold an element and all within to the schema."""
    allowed, required, children = ELEMENTS[element.tag]
    assert required <= set(element.attrib) <= allowed
    assert re.fullmatch(r"([0-9]{0,3}(,[0-9]{3})*|[0-9]*)(\.[0-9]*)?", element.get("time", ""))
    for child in element:
        assert child.tag in children
        expect_junit(child)
    if children:
        assert not (element.text or "").strip()


@several
@given(any_report())
def test_junit_is_read_back(report: Report) -> None:
    """The file follows the schema, and a library reads every check with its verdict: nothing is skipped or missing."""
    text = junit.render(report)
    expect_junit(ET.fromstring(text))
    suites = list(JUnitXml.fromstring(text.encode()))
    cases = [case for suite in suites for case in suite]
    for case, (kata, check) in zip(cases, all_checks(report), strict=True):
        assert isinstance(case, TestCase)
        assert (case.classname, case.name) == (kata.name, check.check.id)
        assert case.is_passed == (check.outcome is Outcome.PASSED)
        assert not case.is_skipped
        quiet = check.outcome in {Outcome.FAILED, Outcome.NOT_STARTED}
        assert [type(one) for one in case.result] == ([] if case.is_passed else [Failure if quiet else Error])
    for suite, result in zip(suites, report.katas, strict=True):
        assert isinstance(suite, TestSuite)
        facts = {
            one.get("name"): one.get("value")
            for one in ET.fromstring(text).iterfind(f"*[@name='{result.kata.name}']/*/property")
        }
        assert (facts["points"], facts["max_points"]) == (str(result.points), str(result.max_points))
        assert suite.tests == len(result.checks)
        assert suite.failures + suite.errors == len(result.checks) - result.passed


# Markdown


class Page(HTMLParser):
    """What a browser makes of a page: its tags, and the text outside of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag} {attrs}" if attrs and tag not in {"td", "th"} else tag)

    def handle_data(self, data: str) -> None:
        self.words += data


@several
@given(any_report())
def test_markdown_has_no_tags_but_its_own(report: Report) -> None:
    """Read as Markdown with HTML, the summary has one row for each kata, one fold for each failure, and no more."""
    page = Page(MarkdownIt("gfm-like", {"linkify": False}).render(markdown.render(report)))
    own = {"h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "code"}
    assert set(page.tags) <= own
    failed = [check for _, check in all_checks(report) if check.outcome not in {Outcome.PASSED, Outcome.NOT_STARTED}]
    assert page.tags.count("tr") == len(report.katas) + 1
    assert page.tags.count("details") == page.tags.count("summary") == page.tags.count("pre") == len(failed)
    assert f"{report.points} of {report.max_points} points" in page.words


def test_markdown_shows_what_an_answer_printed(report: Report) -> None:
    """What an answer printed is there to be read, sign by sign, except for what steers and what commands."""
    page = Page(MarkdownIt("gfm-like", {"linkify": False}).render(markdown.render(report)))
    shown = [line for line in HOSTILE.splitlines() if not line.lstrip().startswith(("::", "##["))][:4]
    assert shown
    assert all(line in page.words for line in shown)
    assert "\\x3a:notice title" in page.words


def test_markdown_stays_below_a_megabyte(report: Report) -> None:
    """A summary that would be refused for its length says how many failures it leaves out."""
    check = report.katas[1].checks[1]
    much = tuple(replace(check, finding=replace(check.finding, output="字" * 9000)) for _ in range(100))
    text = markdown.render(Report((replace(report.katas[1], checks=much),)))
    assert 900_000 < len(text.encode()) <= 1_000_000
    left = re.search(r"(\d+) more failures are left out", Page(text).words)
    assert left
    assert int(left[1]) + text.count("<details>") == len(much)
    assert text.count("<details>") == text.count("</details>")


# The command


@pytest.mark.parametrize(
    ("form", "beginning"),
    [
        ("classroom", "KATA01TASK1_RESULTS="),
        ("gradescope", "{"),
        ("junit", "<?xml"),
        ("markdown", "### 1 of 6 katas solved"),
    ],
)
def test_the_command_writes_each_format(katas: Callable[..., Ran], course: Path, form: str, beginning: str) -> None:
    """`--format` prints it, `--output` writes the same into a file, and the exit code is what it always is."""
    ran = katas("check", "--format", form)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(beginning)
    assert katas("check", "1", "--format", form, "--output", "report").code == 0
    assert (course / "report").read_text(encoding="utf-8").startswith(beginning.replace("1 of 6", "1 of 1"))


def test_programs_read_english_unless_told(katas: Callable[..., Ran]) -> None:
    """A program gets the same texts everywhere; people, and who asks for it, get them in their language."""
    chinese = {"LC_ALL": "zh_CN.UTF-8"}
    assert "Your code printed:" in katas("check", "2", "--format", "gradescope", **chinese).out
    assert "Your code printed:" not in katas("check", "2", "--format", "markdown", **chinese).out
    assert "Your code printed:" not in katas("check", "2", "--format", "junit", "--lang", "zh-CN").out


def test_every_format_is_documented() -> None:
    """docs/formats.md has a section for each format, naming every field of it."""
    documented = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    for name in RENDER:
        assert f"\n## `{name.partition('.')[0]}`" in documented
    data = json.loads((GOLDEN / "gradescope.json").read_text(encoding="utf-8"))
    step = next(iter(steps_of((GOLDEN / "classroom.env").read_text(encoding="utf-8")).values()))
    result = json.loads((GOLDEN / "classroom50.json").read_text(encoding="utf-8"))
    for fields in (data, *data["tests"], step, *step["tests"], result, *result["tests"]):
        for field in fields:
            assert f"`{field}`" in documented, field


def test_the_examples_are_real() -> None:
    """Each example in docs/formats.md is a part of what the golden files hold."""
    documented = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    steps = steps_of((GOLDEN / "classroom.env").read_text(encoding="utf-8"))
    decoded = "\n".join(json.dumps(step, indent=2, ensure_ascii=False) + "\n" for step in steps.values())
    golden = "\n".join(path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.*"))
    examples = re.findall(r"^```(?:json|xml|markdown)\n(.*?)^```", documented, re.MULTILINE | re.DOTALL)
    assert len(examples) == len(RENDER)
    assert all(example in golden or example in decoded for example in examples)


def test_an_answer_cannot_command_a_log(katas: Callable[..., Ran], course: Path) -> None:
    """In the log of a job what an answer printed stays text."""
    answer = course / "katas/02_fails/fails.py"
    said = "::notice title=Autograding report::{}"
    answer.write_text(
        answer.read_text(encoding="utf-8").replace('"waiting"', repr(f"{said}\n##[error]x")), encoding="utf-8"
    )
    assert f"    \\x3a{said[1:]}\n    \\x23#[error]x" in katas("check", "2").out
