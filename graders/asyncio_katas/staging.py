"""One mechanism for everybody: pristine checks and ONLY the declared answer file, in a fresh folder."""

from __future__ import annotations

import contextlib
import importlib.util
import py_compile
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncio_katas.records import Kata

# No answer comes near this; a file above it is not one.
_MAX_ANSWER_BYTES = 1_000_000

_PYTEST_INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
asyncio_default_test_loop_scope = function
timeout = 10
"""


@dataclass(frozen=True)
class Assembly:
    """One kata, ready to be graded: whose answer, and where its staged copy lies. `problem` says why it has none."""

    kata: Kata
    answer: Path
    folder: Path
    problem: str = ""


def answer_path(kata: Kata, submission: Path) -> Path:
    """Return where a submission keeps its answer to a kata: in the kata's folder, or at the top."""
    nested = submission / kata.name / f"{kata.slug}.py"
    flat = submission / f"{kata.slug}.py"
    return flat if flat.exists() and not nested.exists() else nested


@contextmanager
def stage() -> Iterator[Path]:
    """Give a fresh folder for assemblies, removed afterwards."""
    root = Path(tempfile.mkdtemp(prefix="katas-")).resolve()
    try:
        (root / "pytest.ini").write_text(_PYTEST_INI, encoding="utf-8")
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def assemble(
    kata: Kata, answer: Path, root: Path, text: bytes | None = None, *, within: Path | None = None
) -> Assembly:
    """Copy the checks and the answer of one kata into a folder of their own below `root`.

    A `text` that was read from the answer's file earlier stands for what the file holds now. An answer that is only
    a link to something that is not `within` that folder is none.
    """
    assembly = assemble_answer(kata, answer, root, text, within=within)
    _place_checks(kata.check_file, assembly.folder)
    return assembly


# By content: the checks that were staged once, and as bytecode those that were staged again.
_staged: dict[bytes, bytes] = {}


def _place_checks(file: Path, folder: Path) -> None:
    """Copy checks; those that are staged again and again are compiled here, once, instead of in each child."""
    place, content = folder / file.name, file.read_bytes()
    place.write_bytes(content)
    if content not in _staged:
        _staged[content] = b""
        return
    compiled = Path(importlib.util.cache_from_source(place))
    if _staged[content]:
        compiled.parent.mkdir()
        compiled.write_bytes(_staged[content])
        return
    # What does not compile is the child's to report.
    with contextlib.suppress(py_compile.PyCompileError):
        py_compile.compile(
            str(place), str(compiled), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
        _staged[content] = compiled.read_bytes()


def assemble_answer(
    kata: Kata, answer: Path, root: Path, text: bytes | None = None, *, within: Path | None = None
) -> Assembly:
    """Copy the answer alone: whoever examines it from outside brings nothing along."""
    folder = root / kata.name
    folder.mkdir()
    problem = _problem(answer) if text is None else ""
    if not problem and within and not answer.resolve().is_relative_to(within.resolve()):
        problem = "no regular file"
    if not problem:
        (folder / f"{kata.slug}.py").write_bytes(answer.read_bytes() if text is None else text)
    return Assembly(kata, answer, folder, problem)


def read(answer: Path) -> bytes | None:
    """Return the text of an answer's file, or None where that cannot be graded."""
    try:
        return None if _problem(answer) else answer.read_bytes()
    except OSError:
        return None


def _problem(answer: Path) -> str:
    try:
        status = answer.stat()
    except OSError:
        return "missing"
    if not stat.S_ISREG(status.st_mode):
        return "no regular file"
    return "too large" if status.st_size > _MAX_ANSWER_BYTES else ""
