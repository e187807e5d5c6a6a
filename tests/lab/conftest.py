"""Grades small answers with small checks, as a child of the grader does, and reads the verdicts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

Verdicts = dict[str, dict[str, str]]

INI = """\
[pytest]
addopts = -p asyncio_katas.lab.plugin
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
asyncio_default_test_loop_scope = function
timeout = {limit}
"""

# Leaves by os._exit, as the grader's children do: a thread that never ends holds nobody up.
RUN = """\
import json, os, sys
import pytest
from asyncio_katas.lab.plugin import VERDICT

class Recorder:
    def __init__(self):
        self.verdicts = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        result = yield
        found = item.stash.get(VERDICT, None)
        self.verdicts[item.name] = {
            "outcome": found.outcome if found else "passed",
            "text": str(found) if found else "",
            "line": found.place.source() if found and found.place else "",
        }
        return result

if __name__ == "__main__":
    recorder = Recorder()
    status = pytest.main(["-q", "-p", "no:cacheprovider", "."], plugins=[recorder])
    with open("verdicts.json", "w") as file:
        json.dump(recorder.verdicts, file)
    sys.stdout.flush()
    os._exit(int(status))
"""

CHECKS = """\
import asyncio, concurrent.futures, gc, threading, time
import pytest
from asyncio_katas.lab import *
import answer
"""


@pytest.fixture
def grade(tmp_path: Path) -> Callable[..., Verdicts]:
    """Return a function that grades an answer with checks in one process, and gives each check's verdict."""

    def run(answer: str, checks: str, *, limit: float = 10) -> Verdicts:
        (tmp_path / "pytest.ini").write_text(INI.format(limit=limit))
        (tmp_path / "answer.py").write_text(dedent(answer))
        (tmp_path / "test_answer.py").write_text(CHECKS + dedent(checks))
        (tmp_path / "run.py").write_text(RUN)
        done = subprocess.run(
            [sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False
        )
        path = tmp_path / "verdicts.json"
        assert path.exists(), done.stdout + done.stderr
        found: Verdicts = json.loads(path.read_text())
        path.unlink()
        assert "INTERNALERROR" not in done.stdout + done.stderr, done.stdout + done.stderr
        return found

    return run
