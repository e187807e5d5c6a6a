"""The real command, run in a real copy of a course."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
# The tests read English, whatever language whoever runs them speaks.
os.environ["LC_ALL"] = "C.UTF-8"
os.environ.pop("LANGUAGE", None)
# Whoever runs the tests in the background of a shell hands on that Ctrl-C is ignored; the commands under test are not
# to inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Ran:
    """One run of the command: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report on standard output."""
        report: dict[str, Any] = json.loads(self.out)
        return report

    def kata(self, slug: str) -> dict[str, Any]:
        """One kata of the JSON report."""
        found: dict[str, Any] = next(kata for kata in self.report["katas"] if kata["slug"] == slug)
        return found

    def outcomes(self, slug: str) -> list[str]:
        """The outcomes of a kata's checks, in order."""
        return [check["outcome"] for check in self.kata(slug)["checks"]]


def run_katas(*words: str | Path, cwd: Path, **environment: str) -> Ran:
    """Run `katas` in a folder, without a terminal."""
    command = [sys.executable, "-P", "-m", "asyncio_katas", *map(str, words)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | {"COLUMNS": "100"} | environment,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=400,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of the miniature course, whose katas are named by their outcome."""
    return shutil.copytree(ROOT / "tests" / "course", tmp_path / "course")


@pytest.fixture
def katas(course: Path) -> Callable[..., Ran]:
    """The command, run in the miniature course."""

    def run(*words: str | Path, cwd: Path = course, **environment: str) -> Ran:
        return run_katas(*words, cwd=cwd, **environment)

    return run
