"""What grading costs, as ratios to one plain `python -m pytest` process of the same run. Never an assert.

Run by `nox -s bench`; with `-- watch`, only what a learner waits for after saving, with `-- class` only a class.
The rounds are interleaved, so that a machine that slows down slows everything down.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import bench_class
import bench_watch

from asyncio_katas import catalog, children, running, staging
from asyncio_katas.isolation.levels import Level
from asyncio_katas.records import Kata

ROOT = Path(__file__).parent.parent
ROUNDS = next((int(word) for word in sys.argv[1:] if word.isdigit()), 15)
YARDSTICK = 6
USES_PROCESSES = {1, 13}


def main() -> None:
    """Measure everything in turn, and print a table."""
    katas = catalog.discover(ROOT)
    one = next(kata for kata in katas if kata.number == YARDSTICK)
    with tempfile.TemporaryDirectory() as folder:
        plain = plain_course(Path(folder), one)
        subjects: dict[str, Callable[[], object]] = {
            f"plain `python -m pytest` on kata {YARDSTICK:02}": lambda: run(
                "-m", "pytest", "-q", str(plain), cwd=folder
            ),
            f"`katas check`, the references of all {len(katas)} katas": check,
            "the same without the katas that start processes": lambda: check(
                *(str(kata.number) for kata in katas if kata.number not in USES_PROCESSES)
            ),
            f"`katas check {YARDSTICK:02}` alone": lambda: check(str(YARDSTICK)),
            f"kata {YARDSTICK:02} in a warm, forked child": lambda: warm(one),
            f"all {len(katas)}, each in a warm, forked child": lambda: warm(*katas),
        }
        if not children.can_fork():
            subjects = dict(list(subjects.items())[:-2])
        for subject in subjects.values():
            subject()
        seconds: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(ROUNDS):
            for name, subject in subjects.items():
                seconds[name].append(timed(subject))
    report(seconds)
    if children.can_fork():
        print()
        layers(katas)


def plain_course(folder: Path, kata: Kata) -> Path:
    """Make what plain pytest runs: one kata's folder with the reference as answer."""
    place = folder / "katas" / kata.name
    place.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(kata.check_file, place)
    shutil.copy(ROOT / "solutions" / kata.name / f"{kata.slug}.py", place)
    return place


def run(*words: str, cwd: str | Path = ROOT) -> None:
    """Run Python in a process of its own; anything but success is worth stopping for."""
    subprocess.run([sys.executable, *words], cwd=cwd, check=True, stdout=subprocess.DEVNULL, env=os.environ)


def check(*katas: str) -> None:
    """Grade the references, everything included."""
    run("-P", "-m", "asyncio_katas", "check", *katas, "--submission", "solutions")


def warm(*katas: Kata) -> None:
    """Grade references as a learner's, each in a child of its own that is forked when it is needed."""
    for kata in katas:
        with staging.stage() as root:
            running.grade([assembled(kata, root)], str(root), isolate=True)


def layers(katas: Sequence[Kata]) -> None:
    """Measure what strangers' answers cost behind no layer and behind every one, kata by kata, and print a table."""
    seconds: dict[tuple[str, Level], list[float]] = {}
    # Both of a kata one after the other: a machine that is slow for a while is so for both.
    for kata, _, level in product(katas, range(ROUNDS), (Level.LEARNER, Level.FULL)):
        seconds.setdefault((kata.slug, level), []).append(timed(partial(apart, kata, level)))
    print("| references as strangers' answers | ms | ratio |")
    print("|---|---:|---:|")
    none = 0.0
    for level, name in ((Level.LEARNER, "behind no layer"), (Level.FULL, "behind every layer")):
        total = sum(statistics.median(seconds[kata.slug, level]) for kata in katas)
        none = none or total
        print(f"| {name} | {total * 1000:.0f} | {total / none:.2f} |")


def apart(kata: Kata, level: Level) -> None:
    """Grade a reference in a process that gets ready by itself, as a stranger's answer gets one."""
    with staging.stage() as root:
        child = children.ForkedChild(str(root), level)
        running.grade([assembled(kata, root)], str(root), isolate=True, level=level, waiting=[child])


def assembled(kata: Kata, root: Path) -> staging.Assembly:
    """Put a reference and its checks together."""
    return staging.assemble(kata, ROOT / "solutions" / kata.name / f"{kata.slug}.py", root)


def timed(subject: Callable[[], object]) -> float:
    """Return how many seconds one run takes."""
    began = time.perf_counter()
    subject()
    return time.perf_counter() - began


def report(seconds: dict[str, list[float]]) -> None:
    """Print medians and ratios, as a Markdown table."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    yardstick = next(iter(medians.values()))
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, median of {ROUNDS} interleaved rounds\n")
    print("| what | ms | ratio |")
    print("|---|---:|---:|")
    for name, median in medians.items():
        print(f"| {name} | {median * 1000:.0f} | {median / yardstick:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        bench_watch.main(every=int(sys.argv[2]) if sys.argv[2:] else 1)
    elif sys.argv[1:2] == ["class"]:
        bench_class.main(*map(int, sys.argv[2:5]))
    else:
        main()
        print()
        bench_watch.main(every=4)
        print()
        bench_class.main()
