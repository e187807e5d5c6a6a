"""The proof of the checks: right answers pass, a wrong one fails first at the check that names its mistake."""

from __future__ import annotations

import ast
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import plain
import pytest

from asyncio_katas import catalog, running, scoring, staging
from asyncio_katas.records import KataResult, Outcome

ROOT = Path(__file__).parent.parent
KATAS = catalog.discover(ROOT)
HEADER = re.compile(r"^Fails: (?P<check>\w+)\nSays: (?P<words>.+)$", re.MULTILINE)
NAMES = [kata.name for kata in KATAS]


def answers(name: str) -> list[Path]:
    """Return the reference and every other answer to a kata."""
    folder = ROOT / "solutions" / name
    return [*folder.glob("*.py"), *sorted(folder.glob("right/*.py")), *sorted(folder.glob("wrong/*.py"))]


@cache
def graded(name: str) -> dict[Path, KataResult]:
    """Grade all answers to a kata, two at a time, each in a process of its own."""
    kata = catalog.select(KATAS, [name])[0]

    def one(answer: Path) -> KataResult:
        with staging.stage() as root:
            assembly = staging.assemble(kata, answer, root)
            return scoring.score([assembly], running.grade([assembly], str(root), isolate=True)).katas[0]

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(answers(name), pool.map(one, answers(name)), strict=True))


def plain_pytest(name: str, answer: Path, folder: Path) -> set[str]:
    """Run a kata's folder with plain pytest, and return the checks that did not pass."""
    kata = catalog.select(KATAS, [name])[0]
    place = folder / answer.parent.name / answer.stem / "katas" / name
    place.mkdir(parents=True)
    shutil.copy(kata.check_file, place)
    shutil.copy(answer, place / f"{kata.slug}.py")
    shutil.copy(ROOT / "pyproject.toml", place.parent.parent)
    printed = plain.run(place.parent.parent, f"katas/{name}", "-q", "--tb=no", "-rA")
    lines = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", printed, re.MULTILINE)
    results = {check: word for word, check in lines}
    assert set(results) == {check.id for check in kata.checks}, printed
    return {check for check, word in results.items() if word != "PASSED"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_right_answers_pass(name: str) -> None:
    """The reference and every right answer, however unusual, pass every check."""
    results = {path: result for path, result in graded(name).items() if path.parent.name != "wrong"}
    assert len(results) >= 4
    wrongly_failed = {
        path.name: [(check.check.id, str(check.finding.message)) for check in result.checks if not check.points]
        for path, result in results.items()
        if not result.solved
    }
    assert wrongly_failed == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_fail_where_they_should(name: str) -> None:
    """Every wrong answer fails first at the check its header names, with the words its header names."""
    results = {path: result for path, result in graded(name).items() if path.parent.name == "wrong"}
    assert len(results) >= 6
    problems = []
    for path, result in results.items():
        header = HEADER.search(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
        assert header is not None, f"{path} has no header"
        failed = [check for check in result.checks if check.outcome is not Outcome.PASSED]
        said = str(failed[0].finding.message) if failed else ""
        if not failed or failed[0].check.id != header["check"] or header["words"] not in said:
            problems.append((path.name, failed[0].check.id if failed else "passes", said))
    assert problems == []


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_plain_pytest_agrees(name: str, tmp_path: Path) -> None:
    """Plain pytest, as editors run it, gives the grader's verdict on every check of every answer."""
    with ThreadPoolExecutor(2) as pool:
        plain = dict(
            zip(answers(name), pool.map(lambda path: plain_pytest(name, path, tmp_path), answers(name)), strict=True)
        )
    disagreements = {
        f"{path.parent.name}/{path.name}": (plain[path], unpassed)
        for path, result in graded(name).items()
        if plain[path] != (unpassed := {c.check.id for c in result.checks if c.outcome is not Outcome.PASSED})
    }
    assert disagreements == {}


@pytest.mark.parametrize("name", NAMES)
def test_the_course_is_whole(name: str) -> None:
    """A kata has three tasks with three hints each, 7 to 12 checks over all tasks, and a sealed check file."""
    kata = catalog.select(KATAS, [name])[0]
    assert [len(task.hints) for task in kata.tasks] == [3, 3, 3]
    assert 7 <= len(kata.checks) <= 12
    assert {check.task for check in kata.checks} == {1, 2, 3}
    assert [check.task for check in kata.checks] == sorted(check.task for check in kata.checks)
    assert not kata.changed, "run `katas seal`"
    assert {path.name for path in kata.folder.iterdir() if path.name != "__pycache__"} == {
        "README.md",
        "kata.toml",
        f"{kata.slug}.py",
        kata.check_file.name,
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_stub_earns_a_point(name: str) -> None:
    """Every check of an unwritten stub is not started: none passes, none crashes."""
    kata = catalog.select(KATAS, [name])[0]
    with staging.stage() as root:
        assembly = staging.assemble(kata, kata.folder / f"{kata.slug}.py", root)
        result = scoring.score([assembly], running.grade([assembly], str(root))).katas[0]
    assert [check.outcome for check in result.checks] == [Outcome.NOT_STARTED] * len(kata.checks)
