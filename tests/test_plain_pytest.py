"""Plain pytest, as editors run it, gives the verdict of the grader on every right and wrong answer."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import plain
import pytest

from asyncio_katas import catalog, learning
from asyncio_katas.records import Kata

ROOT = Path(__file__).parent.parent
KATAS = catalog.discover(ROOT)
# More than there are cores: many wrong answers only wait.
WORKERS = 2 * (os.cpu_count() or 1)


def first_failure(kata: Kata, answer: Path, folder: Path) -> str | None:
    """Run a kata's folder with plain pytest, and return the first check that did not pass."""
    place = folder / answer.parent.name / answer.stem / "katas" / kata.name
    place.mkdir(parents=True)
    shutil.copy(kata.check_file, place)
    shutil.copy(answer, place / f"{kata.slug}.py")
    shutil.copy(ROOT / "pyproject.toml", place.parent.parent)
    printed = plain.run(place.parent.parent, f"katas/{kata.name}", "-x", "-q", "--tb=no", "-rA")
    results = re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", printed, re.MULTILINE)
    failed = [check for word, check in results if word != "PASSED"]
    assert failed or {check for _, check in results} == {check.id for check in kata.checks}, printed
    return failed[0] if failed else None


def expected(answer: Path) -> str | None:
    """Return the check that an answer's header names, where the grader is known to fail it first."""
    header = re.search(r"^Fails: (\w+)$", answer.read_text(encoding="utf-8"), re.MULTILINE)
    return header[1] if header else None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kata", KATAS, ids=lambda kata: kata.name)
def test_plain_pytest_agrees(kata: Kata, tmp_path: Path) -> None:
    """What verify proves of the grader holds of plain pytest too."""
    solutions = ROOT / "solutions" / kata.name
    answers = [*learning.answers(kata, ROOT), *solutions.glob("wrong/*.py")]
    with ThreadPoolExecutor(WORKERS) as pool:
        seen = list(pool.map(lambda answer: first_failure(kata, answer, tmp_path), answers))
    found = dict(zip(answers, seen, strict=True))
    disagreements = {
        f"{answer.parent.name}/{answer.name}": failure
        for answer, failure in found.items()
        if failure != expected(answer)
    }
    assert disagreements == {}
