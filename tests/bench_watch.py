"""From saving to the verdict on screen: a real `katas watch` in a terminal, each answer of the course saved in turn.

`python tests/bench.py watch 10` takes every tenth answer. The verdict is the first failing check, or all passed.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pseudo import PseudoTerminal

from asyncio_katas import catalog
from asyncio_katas.records import Kata

ROOT = Path(__file__).parent.parent
# Katas whose checks start processes, or pay a guard in real time when an answer is wrong.
APART = {1, 3, 13}
YARDSTICK, YARDSTICK_ROUNDS = 6, 6
GOAL_MEDIAN_MS, GOAL_95_MS = 150, 300
# Nobody saves sooner after a verdict than this; a child for the next one is ready by then on a quiet machine. Others
# take longer to be ready again.
PAUSE_S, RIVALS_PAUSE_S = 0.4, 3.0
GIVEN_UP_S = 120.0
FRAME_END = b"\x1b[?2026l"
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Frames:
    """What a terminal is told, screen by screen, with the moment each one was complete."""

    rest: bytes = b""
    news: threading.Condition = field(default_factory=threading.Condition)
    seen: list[tuple[float, list[str]]] = field(default_factory=list)

    def heard(self, moment: float, data: bytes) -> None:
        """Take in what was written."""
        with self.news:
            *whole, self.rest = (self.rest + data).split(FRAME_END)
            for frame in whole:
                rows = CONTROL.sub(b"", frame).decode("utf-8", "replace").split("\r\n")
                self.seen.append((moment, [row.strip() for row in rows]))
            self.news.notify_all()

    def first(self, condition: Callable[[list[str]], bool], start: int = 0) -> float:
        """Return when a screen that fulfils a condition was complete, waiting for it if need be."""
        found: list[float] = []

        def there() -> bool:
            found[:] = [moment for moment, rows in self.seen[start:] if condition(rows)][:1]
            return bool(found)

        with self.news:
            if not self.news.wait_for(there, GIVEN_UP_S):
                raise TimeoutError("\n".join(self.seen[-1][1]))
        return found[0]


def is_verdict(rows: list[str]) -> bool:
    """Tell whether a screen shows the verdict on what was saved last: the first failure, or that all is well."""
    marks = next((row for row in rows if re.search(r"\d of \d+ checks pass", row)), "checking…")
    shown = next((row for row in rows[rows.index(marks) + 1 :] if row), "") if marks in rows else ""
    if shown.startswith(("✗ ", "! ", "… ")):
        return "○" in marks or "checking…" not in marks
    return shown.startswith("✓ Solved") and "checking…" not in marks


def is_at_rest(rows: list[str]) -> bool:
    """Tell whether a screen shows everything there will be."""
    return is_verdict(rows) and not any("checking…" in row or "to go." in row for row in rows)


def main(*, every: int) -> None:
    """Measure, and print tables."""
    print(f"From saving to the verdict on screen, Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    print("| kata | answers | median ms | 95th percentile ms |")
    print("|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder) / "course"
        shutil.copytree(ROOT / "katas", course / "katas", ignore=shutil.ignore_patterns("__pycache__"))
        katas = catalog.discover(course)
        seconds: dict[str, list[tuple[float, str]]] = {}
        for kata in katas:
            seconds[kata.name] = [(took, path.stem) for path, took in saves(course, kata, every)]
            row(kata.name, [seconds[kata.name]])
        row("all but those apart", [seconds[kata.name] for kata in katas if kata.number not in APART])
        row("those apart: processes, guards", [seconds[kata.name] for kata in katas if kata.number in APART])
        others = {name: beside(Path(folder) / str(number), katas, name) for number, name in enumerate(RIVALS)}
    report(katas, seconds, others)


def answers(kata: Kata) -> list[Path]:
    """Return the reference and the wrong answers of a kata."""
    folder = ROOT / "solutions" / kata.name
    return [folder / f"{kata.slug}.py", *sorted(folder.glob("wrong/*.py"))]


def saves(course: Path, kata: Kata, every: int) -> Iterator[tuple[Path, float]]:
    """Save the answers of a kata one by one, and yield how long each verdict took."""
    answer = course / "katas" / kata.name / f"{kata.slug}.py"
    stub = answer.read_bytes()
    for other in catalog.discover(course):
        # What is not in work is left out, so that the beginning takes no time.
        if other.slug != kata.slug:
            other.folder.rename(course / other.name)
    frames = Frames()
    command = [sys.executable, "-P", "-m", "asyncio_katas", "watch", str(kata.number)]
    try:
        with PseudoTerminal(command, cwd=course, lines=50, columns=100, heard=frames.heard) as terminal:
            frames.first(lambda rows: any("checks pass" in row and "checking" not in row for row in rows))
            for path in answers(kata)[::every]:
                time.sleep(PAUSE_S)
                start, began = len(frames.seen), time.perf_counter()
                answer.write_bytes(path.read_bytes())
                yield path, frames.first(is_verdict, start) - began
                frames.first(is_at_rest, start)
            terminal.press("q")
            terminal.process.wait(GIVEN_UP_S)
    finally:
        answer.write_bytes(stub)
        for folder in course.glob("[0-9][0-9]_*"):
            folder.rename(course / "katas" / folder.name)


# Each: its words after `python -m`, and how its output looks when a run is over.
RIVALS = {
    # Its own pattern, *.py, matches nothing in a folder since watchdog 7.
    "pytest-watcher": (
        ["pytest_watcher", "--now", "--patterns", "**/*.py", "katas", "katas"],
        rb"(?:passed|failed).* in [0-9.]+s",
    ),
    "pytest-xdist --looponfail": (["pytest", "-f", "katas"], rb"waiting for changes"),
}


def beside(folder: Path, katas: list[Kata], name: str) -> float:
    """Return the median with another watcher: the reference and the first wrong answer of one kata, in turn."""
    kata = next(kata for kata in katas if kata.number == YARDSTICK)
    place = folder / "katas" / kata.name
    place.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(kata.check_file, place)
    right, wrong = answers(kata)[:2]
    answer = place / f"{kata.slug}.py"
    shutil.copy(right, answer)
    words, over = RIVALS[name]
    took = []
    with runs(words, over, folder) as wait:
        wait(1)
        for number in range(YARDSTICK_ROUNDS):
            # pytest-watcher forgets what is saved before its run has quite ended.
            time.sleep(RIVALS_PAUSE_S)
            began = time.perf_counter()
            answer.write_bytes((right if number % 2 else wrong).read_bytes())
            took.append(wait(number + 2) - began)
    return statistics.median(took)


@contextmanager
def runs(words: list[str], over: bytes, folder: Path) -> Iterator[Callable[[int], float]]:
    """Start another watcher; the block is given what waits for its so-many-th run and returns when that was over."""
    news = threading.Condition()
    moments: list[float] = []
    output = b""

    def heard(moment: float, data: bytes) -> None:
        nonlocal output
        with news:
            output += data
            moments.extend([moment] * (len(re.findall(over, CONTROL.sub(b"", output))) - len(moments)))
            news.notify_all()

    def wait(number: int) -> float:
        with news:
            if not news.wait_for(lambda: len(moments) >= number, GIVEN_UP_S):
                raise TimeoutError(output.decode("utf-8", "replace"))
            return moments[number - 1]

    # Whoever looks for `pytest` on the path is to find the one of this Python.
    paths = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
    paths["PYTHONPATH"] = os.pathsep.join([str(ROOT / "graders"), os.environ.get("PYTHONPATH", "")])
    with PseudoTerminal([sys.executable, "-m", *words], cwd=folder, heard=heard, environment=paths):
        yield wait


def report(katas: list[Kata], seconds: dict[str, list[tuple[float, str]]], others: dict[str, float]) -> None:
    """Print what was slow, and the other watchers."""
    print(f"\nThe goal: median {GOAL_MEDIAN_MS} ms, 95th percentile {GOAL_95_MS} ms. The slowest:\n")
    slowest = sorted(((took, name, stem) for name, many in seconds.items() for took, stem in many), reverse=True)
    for took, name, stem in slowest[:10]:
        print(f"- {name}, {stem}: {took * 1000:.0f} ms")
    own = statistics.median(took for took, _ in seconds[next(k.name for k in katas if k.number == YARDSTICK)])
    print(f"\n| on kata {YARDSTICK:02} | median ms | ratio |")
    print("|---|---:|---:|")
    for name, median in {"katas watch": own, **others}.items():
        print(f"| {name} | {median * 1000:.0f} | {median / own:.1f} |")


def row(name: str, groups: list[list[tuple[float, str]]]) -> None:
    """Print one line of the table."""
    values = sorted(took * 1000 for group in groups for took, _ in group)
    if values:
        high = values[min(int(len(values) * 0.95), len(values) - 1)]
        print(f"| {name} | {len(values)} | {statistics.median(values):.0f} | {high:.0f} |", flush=True)
