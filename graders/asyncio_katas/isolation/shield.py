"""Puts the layers of a level into force in a child, and tells which of them this system really gave."""

from __future__ import annotations

import functools
from pathlib import Path
from types import ModuleType

import _pytest
import pluggy
import pytest
import pytest_asyncio
import pytest_timeout  # type: ignore[import-untyped]
from _pytest import runner

import asyncio_katas
from asyncio_katas.isolation import guards, landlock, process, tripwire, vetting
from asyncio_katas.isolation.alarm import Alarm
from asyncio_katas.isolation.integrity import Integrity
from asyncio_katas.isolation.levels import Level

# Counting one's threads harms nobody.
_OWN_THREADS = Path("/proc/self/task")


class Shield:
    """What protects the grading of one answer. Made before the answer is known, raised before it is imported."""

    def __init__(self, level: Level, root: Path, scratch: Path, alarm: Alarm) -> None:
        self._level = level
        self._root, self._scratch = root, scratch
        self._alarm = alarm
        self._integrity: Integrity | None = None
        self.layers = ["process"]
        # It would put the name of the check that runs into the environment, for everybody to read.
        runner._update_current_test_var = lambda *_: None
        if level.includes(Level.PROCESS):
            self.layers += process.limit()

    def up(self, folder: str, slug: str) -> None:
        """Confine this process to one kata's folder, and watch its answer from now on."""
        staged = self._root / folder
        answer = staged / f"{slug}.py"
        if self._level.includes(Level.FILES):
            # Who looks for a module, or for checks, lists the folder first.
            listed = [self._root, Path(str(asyncio_katas.__file__)).parents[1], _OWN_THREADS]
            self.layers += landlock.restrict([*readable(), staged], listed, [self._scratch, *landlock.DEVICES])
        if self._level.includes(Level.FULL):
            check = staged / f"test_{slug}.py"
            looking = set[int]()
            guards.install(answer, check, looking, self._alarm)
            self._integrity = Integrity(check, self._alarm)
            self.layers += ["vetted", "guarded", self._integrity.layer, "tripwire"]
            own = [self._scratch, *readable(), *landlock.DEVICES, _OWN_THREADS]
            tripwire.install(answer, own, looking, self._alarm)

    def vet(self, folder: str, slug: str) -> None:
        """Read the answer before it runs, and raise the alarm over what no answer needs."""
        answer = self._root / folder / f"{slug}.py"
        if self._level.includes(Level.FULL) and answer.exists():
            evidence = vetting.vet(answer.read_bytes())
            if evidence:
                self._alarm(evidence.template, **evidence.values)

    def imported(self, check: ModuleType) -> None:
        """Watch a check's module as well, once it has been imported."""
        if self._integrity:
            self._integrity.note(check)

    def hold(self, check: ModuleType) -> None:
        """Raise the alarm if the grading is no longer what it was."""
        if self._integrity:
            self._integrity.compare(at_the_end=False)
            self._integrity.try_canaries(check)

    def down(self) -> None:
        """Let the grader tidy up: the answer has had its say."""
        if self._integrity:
            self._integrity.compare(at_the_end=True)
            self._integrity.disarm()


@functools.cache
def readable() -> list[Path]:
    """Return what an interpreter needs to run checks: itself, its libraries, and the grader's own package."""
    modules = (_pytest, pluggy, pytest, pytest_asyncio, pytest_timeout, asyncio_katas)
    packages = [Path(str(module.__file__)).resolve().parent for module in modules]
    return [*landlock.interpreter(), *dict.fromkeys(packages)]
