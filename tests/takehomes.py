"""A miniature course with a kata that has a variant: its last task asks for a sum, or for a product."""

from __future__ import annotations

import shutil
from pathlib import Path

from conftest import ROOT, run_katas

COMMON = (ROOT / "tests/course/katas/01_passes/passes.py").read_text(encoding="utf-8")
_STUBS = "".join(
    f"async def {name}:\n    raise NotImplementedError\n{end}"
    for name, end in {"greet(name)": "\n\n", "wait(seconds)": ""}.items()
)
_CHECK = '''

@pytest.mark.task(3)
async def test_{what}(lab: Lab) -> None:
    """total: is the {what} of the numbers."""
    call = await lab.call(kata.total, [2, 3, 4])
    call.expect_value({value})
'''
_IMPORTS = (
    '"""The last task of the variant."""\n\nimport pytest\nfrom asyncio_katas.lab import Lab\n\nimport passes as kata\n'
)
_TASK = 'title = "The {what}"\npoints = 3\nhints = ["Of what?", "With a loop.", "One after the other."]\n'
BODY = {
    "a": "\n\nasync def total(numbers):\n    return sum(numbers)\n",
    "b": "\n\nasync def total(numbers):\n    product = 1\n    for number in numbers:\n        product *= number\n"
    "    return product\n",
}
STUB = {name: f'\n\nasync def total(numbers):\n    """Return the {what}."""\n    raise NotImplementedError\n'
        for name, what in {"a": "sum", "b": "product"}.items()}  # fmt: skip
# Right answers by variant; what is right in one fails the last task of the other.
RIGHT = {variant: COMMON + body for variant, body in BODY.items()}
_HELD_BACK = """\
import passes as kata
import pytest
from asyncio_katas.lab import Lab

SEED = "public"
"""
_SHARED = '''

@pytest.mark.task(1)
async def test_anybody(lab: Lab) -> None:
    """greet: says hello to anybody."""
    call = await lab.call(kata.greet, SEED)
    call.expect_value("Hello, " + SEED)
'''
_OWN = '''

@pytest.mark.task(3)
async def test_other_numbers_{number}(lab: Lab) -> None:
    """total: is the {what} of other numbers too."""
    call = await lab.call(kata.total, [len(SEED), {number}])
    call.expect_value(len(SEED) {sign} {number})
'''
# Held-back checks by variant: the other one has those of its own task alone.
HELD_BACK = {
    "a": _HELD_BACK + _SHARED + _OWN.format(number=5, what="sum", sign="+"),
    "b": _HELD_BACK + "".join(_OWN.format(number=number, what="product", sign="*") for number in (5, 6)),
}


def wrong(check: str, says: str, text: str) -> str:
    """Return a wrong answer with the header that says where that shows."""
    return f'"""Wrong.\n\nFails: {check}\nSays: {says}\n"""\n{text}'


def make(course: Path) -> Path:
    """Give the kata `passes` a third task and a variant of it, with an answer key for both."""
    kata, other = course / "katas/01_passes", course / "takehome/01_passes"
    (kata / "passes.py").write_text(_STUBS + STUB["a"], encoding="utf-8")
    with (kata / "kata.toml").open("a", encoding="utf-8") as stream:
        stream.write(f"\n[[tasks]]\n{_TASK.format(what='sum')}")
    with (kata / "test_passes.py").open("a", encoding="utf-8") as stream:
        stream.write(_CHECK.format(what="sum", value=9))
    other.mkdir(parents=True)
    (other / "passes.py").write_text(_STUBS + STUB["b"], encoding="utf-8")
    (other / "task.toml").write_text(_TASK.format(what="product"), encoding="utf-8")
    (other / "checks.py").write_text(_IMPORTS + _CHECK.format(what="product", value=24), encoding="utf-8")
    for variant, place in {"a": "", "b": "variant"}.items():
        folder = course / "solutions/01_passes" / place
        for name in ("right", "wrong"):
            (folder / name).mkdir(parents=True)
        (folder / "passes.py").write_text(RIGHT[variant], encoding="utf-8")
        for number in range(2):
            (folder / f"right/way_{number}.py").write_text(f"{RIGHT[variant]}\n# way {number}\n", encoding="utf-8")
        check = {"a": "test_sum", "b": "test_product"}[variant]
        mistakes = [f"mistake_{number}" for number in range(6)]
        for number, name in enumerate(mistakes, start=1):
            text = f"{COMMON}\n\nasync def total(numbers):\n    return -{number}\n"
            (folder / f"wrong/{name}.py").write_text(wrong(check, "expected", text), encoding="utf-8")
        (folder / "NOTES.md").write_text(" ".join(mistakes), encoding="utf-8")
        (folder / "test_passes_held_back.py").write_text(HELD_BACK[variant], encoding="utf-8")
    shutil.copy(ROOT / "tests/pytest.ini", course)
    assert run_katas("seal", cwd=course).code == 0
    return course
