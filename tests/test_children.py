"""The processes that run answers: one that is ready forks a child for each job, and no job notices another one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import ROOT

from asyncio_katas import catalog, children, running, staging
from asyncio_katas.records import Kata, Observation, Outcome
from asyncio_katas.submission import grade_answer

pytestmark = pytest.mark.skipif(not children.can_fork(), reason="nothing is forked here")

KATA: Kata = catalog.select(catalog.discover(ROOT), ["02"])[0]
REFERENCE = ROOT / "solutions" / KATA.name / f"{KATA.slug}.py"
# Whatever a check calls first says which process it is in, and which one forked that.
WHO = 'import os\n\n\ndef __getattr__(name):\n    raise RuntimeError(f"<{os.getpid()} of {os.getppid()}>")\n'


def graded(answer: str, folder: Path) -> Observation:
    """Grade an answer to the kata in a child of its own, up to its first failure."""
    path = folder / "answer.py"
    path.write_text(answer, encoding="utf-8")
    with staging.stage() as root:
        assembly = staging.assemble(KATA, path, root)
        return running.grade([assembly], str(root), isolate=True, until_failure=True)[KATA.slug]


def said(observation: Observation) -> str:
    """Return what was said of the first check that did not pass, with what it printed."""
    finding = next(one for one in observation.findings.values() if one.outcome is not Outcome.PASSED)
    return f"{finding.message}\n{finding.output}"


def parent(text: str) -> int:
    """Return the process that forked the one which says so."""
    return int(text.partition(" of ")[2].partition(">")[0])


def passes() -> bool:
    """Tell whether the reference passes."""
    return grade_answer(KATA, REFERENCE).solved


def test_each_answer_has_a_process_of_its_own(tmp_path: Path) -> None:
    """Two answers run in two processes that one parent has forked."""
    first, second = said(graded(WHO, tmp_path)), said(graded(WHO, tmp_path))
    assert first != second
    assert parent(first) == parent(second)


def test_what_one_prints_is_not_another_ones(tmp_path: Path) -> None:
    """An answer that ends its process leaves what it printed to nobody."""
    loud = 'import os\n\nprint("from the first", flush=True)\n\n\ndef __getattr__(name):\n    os._exit(3)\n'
    died = graded(loud, tmp_path)
    assert "exit code 3" in said(died)
    assert "from the first" not in said(graded(WHO, tmp_path))


def test_an_answer_that_ends_its_parent(tmp_path: Path) -> None:
    """Whoever kills the process that forked it fails, and the next answer has another one."""
    before = parent(said(graded(WHO, tmp_path)))
    kills = "import os\n\n\ndef __getattr__(name):\n    os.kill(os.getppid(), 9)\n    raise RuntimeError\n"
    assert said(graded(kills, tmp_path))
    assert parent(said(graded(WHO, tmp_path))) != before
    assert passes()


@pytest.mark.skipif(not Path("/proc").exists(), reason="whether a process is gone is read from /proc")
def test_a_process_that_was_ended_from_outside(tmp_path: Path) -> None:
    """A parent that is gone when it is needed is replaced."""
    gone = parent(said(graded(WHO, tmp_path)))
    os.kill(gone, 9)
    while Path(f"/proc/{gone}").exists():
        time.sleep(0.01)
    assert passes()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """Give an answer that never ends by itself."""
    path = tmp_path / "endless.py"
    path.write_text("def __getattr__(name):\n    while True:\n        pass\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("begun", [False, True], ids=["before it begins", "while it runs"])
def test_a_grading_that_is_stopped(endless: Path, *, begun: bool) -> None:
    """Whoever is stopped ends at once, and hands back a process that still serves."""
    stop = running.Stop()
    if not begun:
        stop.ask()
    with staging.stage() as root:
        assembly = staging.assemble(KATA, endless, root)
        waiter = threading.Timer(0.5, stop.ask)
        waiter.start()
        with pytest.raises(running.Obsolete):
            running.grade([assembly], str(root), isolate=True, stop=stop)
        waiter.join()
    assert passes()


PROGRAM = f"""\
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from asyncio_katas import catalog
from asyncio_katas.submission import grade_answer

kata = catalog.select(catalog.discover(Path({str(ROOT)!r})), ["02"])[0]


def passes(_=None):
    return grade_answer(kata, Path({str(REFERENCE)!r})).solved


with ThreadPoolExecutor(4) as pool:
    print(*pool.map(passes, range(8)))
"""


def test_a_program_that_grades_and_ends() -> None:
    """Gradings side by side do not get in each other's way, and the program ends, with all that it has started."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout.split() == ["True"] * 8, done.stderr
    assert done.returncode == 0
