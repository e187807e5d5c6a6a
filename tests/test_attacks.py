"""Hostile submissions, each graded as a stranger's: none harms anybody, and none earns a point.

Each file in `attacks/` names its technique, what stops it and the outcome it must have; a folder is a submission with
more in it than an answer. `docs/security.md` shows what came of them, and is written by this module when
ATTACKS=write is set.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import util
from pathlib import Path

import pytest

from asyncio_katas import catalog
from asyncio_katas.isolation import landlock, warden
from asyncio_katas.records import KataResult, Outcome
from asyncio_katas.submission import grade

ROOT = Path(__file__).parent.parent
ATTACKS = ROOT / "tests" / "attacks"
DOCUMENT = ROOT / "docs" / "security.md"
SECRET = "KATAS_TEST_SECRET"
OUTSIDE = [Path("/tmp/asyncio-katas-owned.txt"), Path("/var/tmp/owned.txt")]
WRONG = 'async def greet(name):\n    return "wrong"\n\n\nasync def wait(seconds):\n    return "wrong"\n'
_HEADER = re.compile(
    r'^"""(?P<technique>.+?)\n\nStopped by: (?P<by>.+?)\nOutcome: (?P<outcome>\w+)\n(Kata: (?P<kata>\d+)\n)?"""'
)


@dataclass(frozen=True)
class Attack:
    """One hostile submission: what it says of itself, and how to lay it out in an empty folder."""

    name: str
    technique: str
    by: str
    outcome: str
    lay_out: Callable[[Path], object]
    kata: int | None = None

    def row(self, result: KataResult) -> str:
        """The row of the table in the documentation."""
        return f"| `{self.name}` | {self.technique} | {self.by} | {result.checks[0].outcome.value} | {result.points} |"


def read(path: Path) -> Attack:
    """Read an attack from its file or folder."""
    file = path if path.is_file() else path / "passes.py"
    match = _HEADER.match(file.read_text(encoding="utf-8"))
    assert match, f"{file} does not say what it is"
    kata = int(match["kata"]) if match["kata"] else None
    slug = "concurrency_limit" if kata else "passes"

    def lay_out(folder: Path) -> None:
        if path.is_dir():
            shutil.copytree(path, folder, dirs_exist_ok=True)
            compiled = folder / "compiled"
            if compiled.exists():
                compiled.rename(folder / "__pycache__")
        else:
            shutil.copy(path, folder / f"{slug}.py")

    return Attack(path.stem, match["technique"], match["by"], match["outcome"], lay_out, kata)


def answer(folder: Path) -> Path:
    return folder / "passes.py"


def nested(folder: Path) -> None:
    answer(folder).write_text(f"x = {'-' * 100_000}1\n{WRONG}", encoding="utf-8")


STAGED = "staging: what is handed in must be a file of its own, and not a large one"
READS = "recorder: an import that fails is the answer's failure"
# What no repository can hold.
MADE = [
    Attack(
        "is_a_fifo",
        "Is a pipe, at which whoever reads it waits without end.",
        STAGED,
        "not_run",
        lambda folder: os.mkfifo(answer(folder)),
    ),
    Attack(
        "is_a_device",
        "Is a link to a device that never ends.",
        STAGED,
        "not_run",
        lambda folder: answer(folder).symlink_to("/dev/zero"),
    ),
    Attack(
        "is_a_link",
        "Is a link to a right answer.",
        STAGED,
        "not_run",
        lambda folder: answer(folder).symlink_to(ROOT / "tests/course/katas/01_passes/passes.py"),
    ),
    Attack(
        "is_in_a_linked_folder",
        "Lies in a folder that is a link to a right answer's.",
        STAGED,
        "not_run",
        lambda folder: (folder / "01_passes").symlink_to(ROOT / "tests/course/katas/01_passes"),
    ),
    Attack("is_a_folder", "Is a folder.", STAGED, "not_run", lambda folder: answer(folder).mkdir()),
    Attack(
        "is_huge",
        "Is a file of a hundred million bytes.",
        STAGED,
        "not_run",
        lambda folder: os.truncate(answer(folder), 100_000_000) if answer(folder).write_bytes(b"#") else None,
    ),
    Attack(
        "is_binary",
        "Is no text.",
        READS,
        "error",
        lambda folder: answer(folder).write_bytes(bytes(range(256)) * 100),
    ),
    Attack(
        "is_long",
        "Is a line of a million characters.",
        READS,
        "failed",
        lambda folder: answer(folder).write_text(f"x = '{'y' * 900_000}'\n{WRONG}", encoding="utf-8"),
    ),
    Attack(
        "is_nested",
        "Is nested so deeply that whoever reads it may give up.",
        READS,
        "error",
        nested,
    ),
]
FILES = sorted(path for path in ATTACKS.iterdir() if path.name != "__pycache__")
CORPUS = [*map(read, FILES), *MADE]

pytestmark = pytest.mark.skipif(
    not warden.available() or not landlock.version(), reason="not every layer is to be had here"
)


@pytest.fixture(scope="module", autouse=True)
def _a_secret() -> Iterator[None]:
    """Put a secret into the environment that every process of the grader inherits; keep paths short for sockets."""
    os.environ[SECRET] = "hush"
    before = tempfile.tempdir
    # Made now, the folder of the warm server's socket outlives this module.
    util.get_temp_dir()
    tempfile.tempdir = tempfile.mkdtemp(prefix="ka-")
    yield
    shutil.rmtree(tempfile.tempdir, ignore_errors=True)
    tempfile.tempdir = before
    del os.environ[SECRET]


@pytest.fixture(scope="module")
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """Another process of the same user."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    yield process
    process.kill()
    process.wait()


def graded(kata: int | None, folder: Path) -> KataResult:
    """Grade a submission as a stranger's."""
    course = ROOT if kata else ROOT / "tests" / "course"
    chosen = catalog.select(catalog.discover(course), [str(kata or 1)])
    return grade(chosen, folder, isolate=True).katas[0]


def left_over() -> list[int]:
    """Return the processes that stand in a folder of the grader's, which nothing does after a grading."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                if str((path / "cwd").readlink()).startswith(f"{tempfile.gettempdir()}/katas-"):
                    found.append(int(path.name))
    return found


def contents(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return everything about the files below a folder that could have changed."""
    states = {str(path): path.lstat() for path in folder.rglob("*")}
    return {path: (state.st_mode, state.st_size, state.st_mtime_ns) for path, state in states.items()}


ROWS: dict[str, str] = {}


@pytest.mark.parametrize("attack", CORPUS, ids=lambda attack: attack.name)
def test_an_attack_gains_nothing_and_harms_nobody(
    attack: Attack, tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    """It ends, earns nothing, is named for what it is, and leaves everything as it was."""
    attack.lay_out(tmp_path)
    before = contents(tmp_path), contents(ROOT / "tests" / "course")
    result = graded(attack.kata, tmp_path)
    said = [str(check.finding.message) for check in result.checks]
    assert result.points == 0, said
    # Where the grading itself was not touched, every check is judged by itself.
    assert attack.outcome == result.checks[0].outcome.value, said
    assert all(said)
    if result.outcome is not Outcome.NOT_RUN:
        assert "tripwire" in result.isolation
    assert not [text for text in said if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]|::notice|##\[", text)]
    assert (contents(tmp_path), contents(ROOT / "tests" / "course")) == before
    assert not [path for path in OUTSIDE if path.exists()]
    assert bystander.poll() is None
    assert left_over() == []
    assert list(Path(tempfile.gettempdir()).glob("katas-*")) == []
    ROWS[attack.name] = attack.row(result)


def test_whoever_is_graded_next_is_judged_as_always() -> None:
    """After all of them, a right answer still passes, and a wrong one still fails in the same place."""
    assert graded(None, ROOT / "tests" / "course" / "katas").solved
    wrong = graded(6, ROOT / "katas")
    assert wrong.points == 0
    assert {check.outcome for check in wrong.checks} == {Outcome.NOT_STARTED}


def test_the_corpus_is_large_and_sorted() -> None:
    """There are many attacks, no two alike."""
    assert len(CORPUS) >= 100
    assert len({attack.technique for attack in CORPUS}) >= len(CORPUS) - 5


def test_the_table_is_up_to_date() -> None:
    """The documentation shows exactly what came of the attacks in this run."""
    if len(ROWS) < len(CORPUS):
        pytest.skip("not all of them were run")
    text = DOCUMENT.read_text(encoding="utf-8")
    head, begin, rest = text.partition("<!-- attacks -->\n")
    _, end, tail = rest.partition("<!-- end of attacks -->\n")
    rows = [ROWS[name] for name in sorted(ROWS)]
    table = (
        "\n".join(["| attack | technique | stopped by | outcome | points |", "|---|---|---|---|---:|", *rows]) + "\n"
    )
    written = head + begin + table + end + tail
    if os.environ.get("ATTACKS") == "write":
        DOCUMENT.write_text(written, encoding="utf-8")
    assert written == text or os.environ.get("ATTACKS") == "write", "run the attacks with ATTACKS=write"
