"""Whatever stands in a learner's file: a clear outcome in words, the neighbour unaffected, bounded in time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Ran

RIGHT = """
import asyncio, os, sys, time

async def greet(name: str) -> str:
    return f"Hello, {name}"

async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)
"""


def with_wait(body: str) -> str:
    """Return an answer whose `wait` has this body, for the check that lets it wait 3 s."""
    lines = "\n        ".join(body.splitlines())
    return RIGHT.replace("    await asyncio.sleep(seconds)", f"    if seconds:\n        {lines}")


# name: (answer, outcomes of the three checks, words of the message of the first that did not pass)
ANSWERS: dict[str, tuple[str | bytes, list[str], str]] = {
    "syntax error": ("async def greet(name:\n    pass\n", ["error"] * 3, "cannot be read as Python: line 1"),
    "tabs and spaces": ("def f():\n\tif 1:\n        pass\n", ["error"] * 3, "cannot be read as Python: line 3"),
    "import error": ("import nothing_like_this\n", ["error"] * 3, "could not be imported"),
    "raises at import": ("1 / 0\n", ["error"] * 3, "ZeroDivisionError"),
    "exit at import": ("import sys\nsys.exit(0)\n", ["error"] * 3, "called exit()"),
    "os._exit at import": ("import os\nos._exit(0)\n", ["error"] * 3, "ended the whole Python process"),
    "interrupt at import": ("raise KeyboardInterrupt\n", ["error"] * 3, "KeyboardInterrupt"),
    "endless import": ("while True:\n    pass\n", ["timeout"] * 3, "never ended"),
    "empty file": ("", ["error"] * 3, "passes.py has no `greet`"),
    "missing function": (
        RIGHT.replace("def greet", "def welcome"),
        ["error", "passed", "passed"],
        "passes.py has no `greet`",
    ),
    "wrong signature": (
        RIGHT.replace("greet(name: str)", "greet()").replace("{name}", "you"),
        ["failed", "passed", "passed"],
        "greet cannot be called as greet('Ada'): too many positional arguments",
    ),
    "not async": (RIGHT.replace("async def greet", "def greet"), ["failed", "passed", "passed"], "something to await"),
    "print flood": (
        with_wait("while True:\n    print('spam ' * 1000)"),
        ["passed", "error", "passed"],
        "printed more than",
    ),
    "much output": (
        with_wait("print('spam ' * 100_000)\nraise ValueError('after the flood')"),
        ["passed", "error", "passed"],
        "after the flood",
    ),
    "input()": (with_wait("input('? ')"), ["passed", "error", "passed"], "asked for keyboard input"),
    "sys.exit": (with_wait("sys.exit(0)"), ["passed", "error", "passed"], "called exit()"),
    "os._exit": (with_wait("os._exit(0)"), ["passed", "error", "passed"], "ended the whole Python process"),
    "os.abort": (with_wait("os.abort()"), ["passed", "error", "passed"], "ended the whole Python process"),
    "KeyboardInterrupt": (with_wait("raise KeyboardInterrupt"), ["passed", "error", "passed"], "KeyboardInterrupt"),
    "pytest.skip": (with_wait("import pytest\npytest.skip('no')"), ["passed", "error", "passed"], "Skipped"),
    "pytest.exit": (with_wait("import pytest\npytest.exit('no')"), ["passed", "error", "passed"], "Exit"),
    "endless loop": (with_wait("while True:\n    pass"), ["passed", "timeout", "passed"], "did not end within 3"),
    "endless async loop": (
        with_wait("while True:\n    await asyncio.sleep(0)"),
        ["passed", "failed", "passed"],
        "while the clock stood at t=0",
    ),
    "endless polling": (
        with_wait("while True:\n    await asyncio.sleep(0.01)"),
        ["passed", "failed", "passed"],
        "still no end",
    ),
    "deadlock": (
        with_wait("await asyncio.Event().wait()"),
        ["passed", "failed", "passed"],
        "nothing can wake them",
    ),
    "blocking call": (
        with_wait("import select\nselect.select([], [], [], 1000)"),
        ["passed", "timeout", "passed"],
        "did not end within 3",
    ),
    "time.sleep": (with_wait("time.sleep(1000)"), ["passed", "failed", "passed"], "stops everything else"),
    "trial call at import": (
        RIGHT + "asyncio.run(asyncio.wait_for(wait(5), 0.01))\n",
        ["error"] * 3,
        "could not be imported: TimeoutError",
    ),
    "endless fast retries": (
        with_wait(
            "while 1:\n    try:\n        await asyncio.wait_for(asyncio.sleep(9), 1)\n    except OSError:\n        pass"
        ),
        ["passed", "failed", "passed"],
        "still no end",
    ),
    "forgotten await": (
        RIGHT.replace('return f"Hello, {name}"', "return wait(1)"),
        ["failed", "passed", "passed"],
        "coroutine",
    ),
    "endless loop in C": (
        with_wait("sum(iter(int, 1))"),
        ["passed", "timeout", "passed"],
        "never ended",
    ),
    "swallows everything": (
        with_wait("while True:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n        pass"),
        ["passed", "timeout", "passed"],
        "end",
    ),
    "swallows once": (
        with_wait("try:\n    while True:\n        pass\nexcept BaseException:\n    await asyncio.sleep(seconds)"),
        ["passed", "timeout", "passed"],
        "did not end within 3",
    ),
    "swallows cancellation": (
        with_wait(
            "while True:\n    try:\n        await asyncio.sleep(1)\n    except asyncio.CancelledError:\n        pass"
        ),
        ["passed", "failed", "passed"],
        "still no end",
    ),
    "swallowed by gather": (
        with_wait(
            "async def spin():\n    while True:\n        pass\n"
            "await asyncio.gather(spin(), return_exceptions=True)\nawait asyncio.sleep(seconds)"
        ),
        ["passed", "timeout", "passed"],
        "did not end within 3",
    ),
    "endless recursion": (with_wait("await wait(seconds)"), ["passed", "error", "passed"], "itself without end"),
    "not UTF-8": (RIGHT.replace("Hello", "Grüß").encode("latin-1"), ["error"] * 3, "cannot be read as Python"),
    "null bytes": (RIGHT.encode() + b"\0\0", ["error"] * 3, "cannot be read as Python"),
    "shadows a module": ("asyncio = pytest = None\n" + RIGHT, ["passed"] * 3, ""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_goes_wrong(katas: Callable[..., Ran], course: Path, name: str) -> None:
    """Every check gets the outcome it deserves, in words; the neighbour passes as always."""
    answer, outcomes, words = ANSWERS[name]
    path = course / "katas/01_passes/passes.py"
    neighbour = course / "katas/02_fails/fails.py"
    neighbour.write_bytes(RIGHT.encode())
    path.write_bytes(answer if isinstance(answer, bytes) else answer.encode())
    if "failed" in outcomes:
        # The verdict comes from the virtual clock; let no busy machine's limit come first.
        checks = course / "katas/01_passes/test_passes.py"
        checks.write_text(checks.read_text(encoding="utf-8").replace("timeout(3)", "timeout(60)"), encoding="utf-8")
    ran = katas("check", "1", "2", "--format", "json")
    assert ran.outcomes("passes") == outcomes
    assert ran.outcomes("fails") == ["passed"] * 3
    failing = [check for check in ran.kata("passes")["checks"] if check["outcome"] != "passed"]
    assert all(words in check["message"] for check in failing[:1]), failing[0]["message"]
    assert all(len(check["output"]) < 5000 for check in failing)
    assert ran.err == ""
    assert ran.code == (1 if failing else 0)
    shown = katas("check", "1").out
    assert "Traceback" not in shown
    assert "asyncio_katas" not in shown
    assert "_pytest" not in shown


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("katas/01_passes/kata.toml", b"title = [", "is not valid TOML"),
        ("katas/01_passes/kata.toml", b"\xff\xfe", "is not valid TOML"),
        ("katas/01_passes/kata.toml", b"points = 1\n[[tasks]]\ntitle='x'\npoints=1", "`title` is missing"),
        ("katas/01_passes/kata.toml", b"title = 'x'\n", "`tasks` is missing or empty"),
        ("katas/01_passes/kata.toml", b"title = 'x'\n[[tasks]]\ntitle='y'\npoints=0\n", "needs `points`"),
        ("katas/01_passes/kata.toml", b"title = 'x'\n[[tasks]]\ntitle='y'\npoints=1\nhints=[1]\n", "`hints` must be"),
        ("katas/01_passes/kata.toml", b"title = 'x'\n[[tasks]]\ntitle='y'\npoints=1\n", "task(1..1)"),
        ("katas/01_passes/test_passes.py", b"def test_x(:\n", "cannot be read"),
        ("katas/01_passes/test_passes.py", b"x = 1\n", "holds no checks"),
        ("katas/01_passes/test_passes.py", b"def test_x() -> None:\n    pass\n", "needs a docstring"),
        ("katas/01_passes/test_passes.py", None, "is missing"),
    ],
)
def test_a_broken_course(katas: Callable[..., Ran], course: Path, path: str, content: bytes | None, said: str) -> None:
    """A broken course file is one fact and the command that brings it back; exit code 2."""
    if content is None:
        (course / path).unlink()
    else:
        (course / path).write_bytes(content)
    ran = katas("check")
    assert ran.code == 2
    assert said in ran.err
    assert "git checkout -- katas/" in ran.err
    assert Path(path).parent.as_posix() in ran.err
    assert "Traceback" not in ran.err


def test_a_deleted_answer(katas: Callable[..., Ran], course: Path) -> None:
    """A deleted answer is named, with the command that brings it back; the others are graded."""
    (course / "katas/01_passes/passes.py").unlink()
    ran = katas("check", "1", "2", "--format", "json")
    assert ran.outcomes("passes") == ["not_run"] * 3
    assert ran.outcomes("fails") == ["passed", "failed", "passed"]
    assert "git checkout -- katas/01_passes/passes.py" in ran.kata("passes")["checks"][0]["message"]


def test_no_regular_file(katas: Callable[..., Ran], course: Path) -> None:
    """A folder, or something huge, where the answer should be is not run."""
    path = course / "katas/01_passes/passes.py"
    path.write_bytes(b"#" * 2_000_000)
    assert "too large" in katas("check", "1", "--format", "json").kata("passes")["checks"][0]["message"]
    path.unlink()
    path.mkdir()
    assert "no regular file" in katas("check", "1", "--format", "json").kata("passes")["checks"][0]["message"]


def test_two_endless_checks_end_the_kata(katas: Callable[..., Ran], course: Path) -> None:
    """After two checks that never ended the rest of the kata is not run, and says why."""
    path = course / "katas/04_hangs/hangs.py"
    path.write_text(RIGHT.replace("async def", "while_true = 1\nasync def", 1), encoding="utf-8")
    endless = RIGHT.replace('return f"Hello, {name}"', "while True: pass").replace(
        "await asyncio.sleep(seconds)", "while True: pass"
    )
    path.write_text(endless, encoding="utf-8")
    ran = katas("check", "4", "--format", "json")
    assert ran.outcomes("hangs") == ["timeout", "timeout", "not_run"]
    assert "never ended" in ran.kata("hangs")["checks"][2]["message"]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are POSIX's")
@pytest.mark.parametrize("isolate", [[], ["--isolate", "--isolation", "learner"]], ids=["together", "apart"])
def test_what_an_answer_starts_ends_with_it(
    katas: Callable[..., Ran], course: Path, tmp_path: Path, isolate: list[str]
) -> None:
    """A process that an answer leaves running is gone when the report is there."""
    noted = tmp_path / "pid.txt"
    program = "import time; time.sleep(600)"
    start = f"process = subprocess.Popen([sys.executable, '-c', {program!r}])\n"
    note = f"open({str(noted)!r}, 'w').write(str(process.pid))\n"
    path = course / "katas/01_passes/passes.py"
    path.write_text(f"import subprocess{RIGHT}\n{start}{note}", encoding="utf-8")
    ran = katas("check", "1", "--format", "json", *isolate)
    assert ran.kata("passes")["checks"][0]["outcome"] == "passed"
    pid = int(noted.read_text(encoding="utf-8"))
    # Killed, it may take a moment until it is gone; asleep, it would stay for minutes.
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("it still runs")
