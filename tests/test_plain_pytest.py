"""Plain pytest and the grader agree on every answer of the corpus, check by check."""

from __future__ import annotations

import os
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
NAMES = [kata.name for kata in KATAS]
# More than there are cores: many wrong answers only wait.
WORKERS = 2 * (os.cpu_count() or 1)


def answers(name: str) -> list[Path]:
    """Return the reference and every other answer to a kata."""
    folder = ROOT / "solutions" / name
    return [*folder.glob("*.py"), *sorted(folder.glob("right/*.py")), *sorted(folder.glob("wrong/*.py"))]


@cache
def graded(name: str) -> dict[Path, KataResult]:
    """Grade all answers to a kata, several at a time, each in a process of its own."""
    kata = catalog.select(KATAS, [name])[0]

    def one(answer: Path) -> KataResult:
        with staging.stage() as root:
            assembly = staging.assemble(kata, answer, root)
            return scoring.score([assembly], running.grade([assembly], str(root), isolate=True)).katas[0]

    with ThreadPoolExecutor(WORKERS) as pool:
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
def test_plain_pytest_agrees(name: str, tmp_path: Path) -> None:
    """Plain pytest, as editors run it, gives the grader's verdict on every check of every answer."""
    with ThreadPoolExecutor(WORKERS) as pool:
        plain = dict(
            zip(answers(name), pool.map(lambda path: plain_pytest(name, path, tmp_path), answers(name)), strict=True)
        )
    disagreements = {}
    for path, result in graded(name).items():
        # After two endless checks the grader runs no more of them; pytest knows no such thing.
        ran = {check.check.id: check.outcome for check in result.checks if check.outcome is not Outcome.NOT_RUN}
        unpassed = {check for check, outcome in ran.items() if outcome is not Outcome.PASSED}
        if plain[path] & ran.keys() != unpassed:
            disagreements[f"{path.parent.name}/{path.name}"] = (plain[path], unpassed)
    assert disagreements == {}
