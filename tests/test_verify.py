"""`katas verify`: it believes no course, finds what is wrong with one, and names it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

ROOT = Path(__file__).parent.parent
RIGHT = (ROOT / "tests/course/katas/01_passes/passes.py").read_text(encoding="utf-8")
HELD_BACK = """\
import passes as kata
import pytest

SEED = "public"

"""
for number in range(4):
    HELD_BACK += (
        f"\n@pytest.mark.task(1)\nasync def test_{number}(lab):\n"
        f'    """wait: ends, {number}."""\n'
        "    (await lab.call(kata.wait, len(SEED))).expect_value(None)\n\n"
    )
README = """\
# 01 · Passes

```python
print("one")
```
```text
one
```

`nox -s check -- 01`, [more](https://docs.python.org/3/library/asyncio.html)
"""


def wrong(check: str, says: str, greeting: str = "Good bye") -> str:
    """Return an answer that greets wrongly, with a header that says where that shows."""
    return f'"""Wrong.\n\nFails: {check}\nSays: {says}\n"""\n' + RIGHT.replace("Hello", greeting)


@pytest.fixture
def whole(course: Path) -> Path:
    """A course with one kata, as it should be but for its size."""
    for folder in sorted((course / "katas").iterdir()):
        if folder.name != "01_passes":
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
    kata = course / "katas/01_passes"
    (kata / "passes.py").write_text(
        "async def greet(name):\n    raise NotImplementedError\n\n\n"
        "async def wait(seconds):\n    raise NotImplementedError\n",
        encoding="utf-8",
    )
    shutil.copyfile(kata / "passes.py", course / ".stubs/passes.py")
    (kata / "README.md").write_text(README, encoding="utf-8")
    solutions = course / "solutions/01_passes"
    (solutions / "right").mkdir(parents=True)
    (solutions / "wrong").mkdir()
    (solutions / "passes.py").write_text(RIGHT, encoding="utf-8")
    (solutions / "test_passes_held_back.py").write_text(HELD_BACK, encoding="utf-8")
    for number in range(4):
        (solutions / f"right/way_{number}.py").write_text(RIGHT, encoding="utf-8")
    for number in range(12):
        (solutions / f"wrong/mistake_{number}.py").write_text(wrong("test_greet", "expected"), encoding="utf-8")
    mistakes = " ".join(path.stem for path in (solutions / "wrong").iterdir())
    (solutions / "NOTES.md").write_text(f"What people get wrong: {mistakes} other queue\n", encoding="utf-8")
    return course


def problems(ran: Ran) -> list[str]:
    """Return the indented lines: what does not hold."""
    return [line.strip() for line in ran.out.splitlines() if line.startswith("    ") and ": " in line]


# A miniature kata has two tasks, three checks, fewer hints and one example; everything else must hold.
SIZE = {"course number of checks", "course tasks", "course hints", "course README examples", "course seal"}


def test_a_sound_course(katas: Callable[..., Ran], whole: Path) -> None:
    """Nothing but its size speaks against a course that judges rightly."""
    ran = katas("verify", cwd=whole)
    assert {line.partition(":")[0] for line in problems(ran)} <= SIZE, ran.out
    assert "5/5" in ran.out
    assert ran.out.count("12/12") >= 2
    assert ran.code == 1


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("solutions/01_passes/right/other.py", RIGHT.replace("Hello", "Hi"), "right other.py: test_greet: failed: "),
        ("solutions/01_passes/wrong/other.py", wrong("test_greet", "x", "Hello"), "wrong other.py: it passes every"),
        (
            "solutions/01_passes/wrong/other.py",
            wrong("test_wait", "expected"),
            "named other.py: it should fail first at test_wait, but fails at test_greet: ",
        ),
        (
            "solutions/01_passes/wrong/other.py",
            wrong("test_greet", "nobody says this"),
            "named other.py: test_greet should say 'nobody says this', but says: ",
        ),
        ("solutions/01_passes/wrong/other.py", RIGHT.replace("Hello", "Hi"), "named other.py: its docstring says"),
        ("solutions/01_passes/wrong/queue.py", wrong("test_greet", "expected"), "course modules: "),
        (
            "solutions/01_passes/test_passes_held_back.py",
            HELD_BACK.replace("expect_value(None)", "expect_value(None if SEED == 'public' else 1)"),
            "held back passes.py: test_0: failed, in round 1",
        ),
        (
            "solutions/01_passes/test_passes_held_back.py",
            HELD_BACK.partition("\n@pytest.mark.task(1)\nasync def test_3")[0],
            "course held-back checks: there are 3 held-back checks, fewer than 4",
        ),
        (
            "solutions/01_passes/NOTES.md",
            "mistake_0 and others",
            "course notes: NOTES.md names no misconception behind ",
        ),
        ("solutions/01_passes/other.txt", "", "course stray files: files that do not belong here: other.txt"),
        ("katas/01_passes/passes.py", RIGHT, "stub passes.py: test_greet: passed, not not_started"),
        (".stubs/passes.py", "", "course stub: `.stubs` holds another one"),
        (
            "katas/01_passes/README.md",
            README.replace('"one"', '"two"'),
            "example example 1: it printed 'two\\n', not 'one\\n'",
        ),
        (
            "katas/01_passes/README.md",
            README.replace("docs.python.org", "example.org"),
            "course README links: links lead elsewhere",
        ),
        ("katas/01_passes/README.md", README.replace("-- 01", "-- 02"), "course README command: "),
    ],
)
def test_what_is_wrong_is_named(katas: Callable[..., Ran], whole: Path, file: str, text: str, problem: str) -> None:
    """Each kind of unsoundness is found and said in words."""
    (whole / file).write_text(text, encoding="utf-8")
    if not file.startswith(".stubs"):
        shutil.copyfile(whole / "katas/01_passes/passes.py", whole / ".stubs/passes.py")
    ran = katas("verify", "1", cwd=whole)
    found = [line for line in problems(ran) if line.partition(":")[0] not in SIZE]
    assert [line for line in found if line.startswith(problem)], ran.out
    assert len({line.split()[0] for line in found}) == 1, "one flaw, one kind of problem"
    assert ran.code == 1


def test_the_table_as_markdown(katas: Callable[..., Ran], whole: Path) -> None:
    """The table a README shows comes from the same run."""
    ran = katas("verify", "--format", "markdown", "--repeat", "2", "--stress", cwd=whole)
    assert "| 01_passes | 1/1 | 10/10 | 24/24 | 24/24 | 10/10 | 1/1 |" in ran.out
    assert "| all | 1/1 | 10/10 | 24/24 | 24/24 | 10/10 | 1/1 |" in ran.out


@pytest.mark.parametrize(
    ("only", "row"),
    [
        ("right", "| all | 1/1 | 10/10 | 0/0 | 0/0 | 0/0 | 1/1 |"),
        ("wrong", "| all | 1/1 | 0/0 | 24/24 | 24/24 | 0/0 | 1/1 |"),
        ("held-back", "| all | 1/1 | 0/0 | 0/0 | 0/0 | 10/10 | 1/1 |"),
    ],
)
def test_a_part_of_the_proof(katas: Callable[..., Ran], whole: Path, only: str, row: str) -> None:
    """Many rounds take long: each part can be run by itself."""
    assert row in katas("verify", "--format", "markdown", "--repeat", "2", "--only", only, cwd=whole).out


def test_a_log_spares_what_was_tried(katas: Callable[..., Ran], whole: Path, tmp_path: Path) -> None:
    """With a log, a second run repeats only what has changed since."""
    log = tmp_path / "trials.jsonl"
    first = katas("verify", "--log", log, cwd=whole)
    tried = len(log.read_text(encoding="utf-8").splitlines())
    assert tried == 1 + 1 + 5 + 5 + 12
    (whole / "solutions/01_passes/right/way_1.py").write_text(RIGHT + "\n# changed\n", encoding="utf-8")
    second = katas("verify", "--log", log, cwd=whole)
    assert second.out == first.out
    # By its checks, and by the held-back ones.
    assert len(log.read_text(encoding="utf-8").splitlines()) == tried + 2
    log.write_text("nonsense\n", encoding="utf-8")
    third = katas("verify", "--log", log, cwd=whole)
    assert third.code == 2
    assert "no log of an earlier run" in third.err
    assert "Next: choose another --log" in third.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_interrupted_and_resumed(katas: Callable[..., Ran], whole: Path, tmp_path: Path) -> None:
    """A run that is interrupted keeps what it has learned; the next one completes it."""
    log = tmp_path / "trials.jsonl"
    command = [sys.executable, "-P", "-m", "asyncio_katas", "verify", "--repeat", "40", "--log", str(log)]
    process = subprocess.Popen(command, cwd=whole, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (log.exists() and log.read_text(encoding="utf-8").count("\n") > 5):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line) for line in lines)
    kept = len(lines)
    assert kept < 40 * 17
    katas("verify", "--repeat", "2", "--log", log, cwd=whole)
    after = log.read_text(encoding="utf-8").splitlines()
    assert after[:kept] == lines
