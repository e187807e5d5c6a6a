"""What grading a class costs: submissions per minute beside a shell loop of plain pytest, and the parent's memory.

The submissions are the course's own right and wrong answers and stubs, in turn. Run by `nox -s bench -- class`, which
takes three numbers: submissions of one kata, submissions of all katas, and the size of the large class.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from asyncio_katas import catalog
from asyncio_katas.records import Kata

ROOT = Path(__file__).parent.parent
YARDSTICK = 6


def main(one: int = 40, every: int = 6, large: int = 500) -> None:
    """Measure, and print a table."""
    katas = catalog.discover(ROOT)
    single = [kata for kata in katas if kata.number == YARDSTICK]
    with tempfile.TemporaryDirectory() as folder:
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
        print("| submissions | katas in each | plain pytest, per minute | `katas grade`, per minute | ratio |")
        print("|---:|---:|---:|---:|---:|")
        for count, chosen in ((one, single), (every, katas)):
            place = Path(folder, f"class-{len(chosen)}")
            make(place, count, chosen)
            plain, ours = loop(place, chosen), grade(place, chosen)[0]
            rates = [60 * count / seconds for seconds in (plain, ours)]
            print(
                f"| {count} | {len(chosen)} | {rates[0]:.0f} | {rates[1]:.0f} | {rates[1] / rates[0]:.1f} |", flush=True
            )
        small = max(large // 10, 1)
        sizes = []
        for count in (small, large):
            place = Path(folder, f"memory-{count}")
            make(place, count, single)
            seconds, kilobytes = grade(place, single)
            sizes.append(kilobytes)
            print(
                f"\n{count} submissions: {kilobytes / 1024:.0f} MB in the parent, {60 * count / seconds:.0f} per minute"
            )
        print(f"The parent's memory at {large}: {sizes[1] / sizes[0]:.2f} times that at {small}")


def make(place: Path, count: int, katas: list[Kata]) -> None:
    """Make so many submissions with an answer to each kata: right and wrong ones and stubs in turn."""
    answers = {kata.slug: itertools.cycle(corpus(kata)) for kata in katas}
    for number in range(count):
        for kata in katas:
            folder = place / f"s{number:04}" / "katas" / kata.name
            folder.mkdir(parents=True)
            shutil.copy(next(answers[kata.slug]), folder / f"{kata.slug}.py")
            # Only plain pytest looks at this copy.
            shutil.copy(kata.check_file, folder)
        shutil.copy(ROOT / "pyproject.toml", place / f"s{number:04}")


def corpus(kata: Kata) -> list[Path]:
    """Return right and wrong answers and the stub, mixed."""
    folder = ROOT / "solutions" / kata.name
    right, wrong = sorted(folder.glob("right/*.py")), sorted(folder.glob("wrong/*.py"))
    stub = kata.folder / f"{kata.slug}.py"
    return [path for three in zip(right, wrong, itertools.repeat(stub), strict=False) for path in three]


def loop(place: Path, katas: list[Kata]) -> float:
    """Run plain pytest on each submission, one after the other; return how long it took."""
    began = time.perf_counter()
    for folder in sorted(place.iterdir()):
        paths = [str(folder / "katas" / kata.name) for kata in katas]
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *paths], cwd=folder, check=False, stdout=subprocess.DEVNULL
        )
    return time.perf_counter() - began


def grade(place: Path, katas: list[Kata]) -> tuple[float, int]:
    """Grade a class; return how long it took and the most memory the parent had, in kB."""
    words = ",".join(str(kata.number) for kata in katas)
    out = place.with_name(f"{place.name}-out")
    command = [sys.executable, "-P", "-m", "asyncio_katas", "grade", str(place), "--katas", words, "--out", str(out)]
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in {0, 1}:
        raise RuntimeError("the class could not be graded")
    return time.perf_counter() - began, usage.ru_maxrss
