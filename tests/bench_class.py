"""What grading a class costs: submissions per minute beside a shell loop of plain pytest, and the parent's memory.

The submissions are the course's own right and wrong answers and stubs, in turn; in the large class one in ten is an
attack, which plain pytest is spared: nothing would stand between it and this machine. Run by `nox -s bench -- class`,
which takes three numbers: submissions of one kata, submissions of all katas, and the size of the large class.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from asyncio_katas import catalog
from asyncio_katas.records import Kata

ROOT = Path(__file__).parent.parent
YARDSTICK = 6
ATTACKS = sorted((ROOT / "tests" / "attacks").glob("*.py"))
# In the large class every so manyth submission is an attack.
ATTACKED = 10
# So many are graded with real sleeps; a right answer takes a minute.
FEW = 3


def main(one: int = 40, every: int = 42, large: int = 500) -> None:
    """Measure, and print a table."""
    katas = catalog.discover(ROOT)
    single = [kata for kata in katas if kata.number == YARDSTICK]
    with tempfile.TemporaryDirectory() as folder:
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
        print("| submissions | katas in each | `katas grade`, per minute | plain pytest, per minute | ratio |")
        print("|---:|---:|---:|---:|---:|")
        rates = []
        for count, chosen in ((one, single), (every, katas)):
            place = Path(folder, f"class-{len(chosen)}")
            make(place, count, chosen)
            # Half of the loop before and half after, so that a machine that slows down slows both.
            plain = loop(place, chosen, half=0)
            ours = per_minute(count, grade(place, chosen)[0])
            plain = per_minute(count, plain + loop(place, chosen, half=1))
            print(f"| {count} | {len(chosen)} | {ours:.0f} | {plain:.0f} | {ours / plain:.1f} |", flush=True)
            rates.append(ours)
        few = Path(folder, "few")
        make(few, FEW, single)
        real = per_minute(FEW, loop(few, single, "-p", "real_sleeps"))
        print(f"\nOne kata, with real sleeps in plain pytest: {real:.1f} per minute, ratio {rates[0] / real:.0f}")
        small = max(large // 10, 1)
        sizes = []
        for count in (small, large):
            place = Path(folder, f"memory-{count}")
            make(place, count, single, ATTACKS)
            seconds, kilobytes = grade(place, single)
            sizes.append(kilobytes)
            print(
                f"\n{count} submissions: {kilobytes / 1024:.0f} MB in the parent, "
                f"{per_minute(count, seconds):.0f} per minute",
                flush=True,
            )
        print(f"The parent's memory at {large}: {sizes[1] / sizes[0]:.2f} times that at {small}")


def per_minute(count: int, seconds: float) -> float:
    """Return how many submissions a minute that was."""
    return 60 * count / seconds


def make(place: Path, count: int, katas: list[Kata], attacks: Sequence[Path] = ()) -> None:
    """Make so many submissions with an answer to each kata: right and wrong ones and stubs in turn, or an attack."""
    hostile = itertools.cycle(attacks)
    answers = {kata.slug: itertools.cycle(corpus(kata)) for kata in katas}
    for number in range(count):
        for kata in katas:
            folder = place / f"s{number:04}" / "katas" / kata.name
            folder.mkdir(parents=True)
            attacked = attacks and number % ATTACKED == ATTACKED - 1
            shutil.copy(next(hostile if attacked else answers[kata.slug]), folder / f"{kata.slug}.py")
            # Only plain pytest looks at this copy.
            shutil.copy(kata.check_file, folder)
        shutil.copy(ROOT / "pyproject.toml", place / f"s{number:04}")


def corpus(kata: Kata) -> list[Path]:
    """Return right and wrong answers and the stub, mixed."""
    folder = ROOT / "solutions" / kata.name
    right, wrong = sorted(folder.glob("right/*.py")), sorted(folder.glob("wrong/*.py"))
    stub = kata.folder / f"{kata.slug}.py"
    return [path for three in zip(right, wrong, itertools.repeat(stub), strict=False) for path in three]


def loop(place: Path, katas: list[Kata], *words: str, half: int | None = None) -> float:
    """Run plain pytest on each submission, or every other one, one after the other; return how long it took."""
    began = time.perf_counter()
    for folder in sorted(place.iterdir())[half :: 1 if half is None else 2]:
        paths = [str(folder / "katas" / kata.name) for kata in katas]
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *words, *paths],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
            check=False,
            stdout=subprocess.DEVNULL,
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
