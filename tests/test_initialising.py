"""`katas init`: a folder to learn in without git, and what `katas update` does there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT, run_katas

from asyncio_katas import __version__, catalog, initialising
from asyncio_katas.updating import Kept, Update

if TYPE_CHECKING:
    from conftest import Ran

Katas = Callable[..., "Ran"]
STUB, CHECKS = "katas/03_not_started/not_started.py", "katas/03_not_started/test_not_started.py"
OTHER = "katas/01_passes/passes.py"
MINE = "async def greet(name):\n    return f'Hello, {name}'\n"
NOTHING = Update(f"asyncio-katas {__version__}")
NEW = '"""A better stub."""\n'


@pytest.fixture
def package(course: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The course that is installed: the miniature one."""
    for kata in catalog.discover(course):
        (kata.folder / "README.md").write_text("# A kata\n", encoding="utf-8")
    monkeypatch.setattr(initialising, "_course", lambda: course)
    return course


@pytest.fixture
def mine(package: Path, tmp_path: Path) -> Path:
    """A learner's folder with it."""
    assert initialising.init(tmp_path / "mine") == len(catalog.discover(package)) == 6
    return tmp_path / "mine"


def all_files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_answers_are_stubs(package: Path, tmp_path: Path) -> None:
    """What lies in the course's katas/ as an answer is nobody's business; the stub is written in its place."""
    (package / STUB).write_text("SOLVED = True\n", encoding="utf-8")
    (package / "katas/03_not_started/notes.txt").write_text("mine\n", encoding="utf-8")
    initialising.init(tmp_path / "mine")
    written = all_files(tmp_path / "mine")
    assert written[STUB] == written[".stubs/not_started.py"] == (package / ".stubs/not_started.py").read_bytes()
    assert written[CHECKS] == (package / CHECKS).read_bytes()
    assert "katas/03_not_started/notes.txt" not in written
    assert {"README.md", "README.zh-CN.md", ".gitignore", "pytest.ini"} <= set(written)


def test_nothing_is_written_over(mine: Path, tmp_path: Path) -> None:
    """A folder that holds anything is refused and left as it is."""
    before = all_files(mine)
    ran = run_katas("init", mine, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "holds the course already" in ran.err
    assert "then katas update" in ran.err
    assert all_files(mine) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x", encoding="utf-8")
    ran = run_katas("init", "full", cwd=tmp_path)
    assert ran.code == 2
    assert "is not empty" in ran.err
    assert "Next: katas init full-katas" in ran.err
    assert list(all_files(tmp_path / "full")) == ["thesis.txt"]
    ran = run_katas("init", "full/thesis.txt/x", cwd=tmp_path)
    assert ran.code == 2
    assert "could not be written" in ran.err


def test_an_update_that_brings_nothing(mine: Path) -> None:
    """The same version changes nothing, and does not bring back what the learner deleted."""
    (mine / STUB).write_text(MINE, encoding="utf-8")
    (mine / "README.md").unlink()
    before = all_files(mine)
    assert initialising.update(mine) == NOTHING
    assert all_files(mine) == before


def test_an_update_keeps_what_was_changed(mine: Path, package: Path) -> None:
    """What is new arrives, and no file that the learner changed is touched: a new stub is put beside it."""
    (mine / STUB).write_text(MINE, encoding="utf-8")
    (mine / "katas/06_exits/README.md").unlink()
    for name in ("not_started", "passes"):
        (package / ".stubs" / f"{name}.py").write_text(NEW, encoding="utf-8")
    (package / "katas/06_exits/README.md").write_text("# Another\n", encoding="utf-8")
    (package / "katas/06_exits/README.zh-CN.md").write_text("# 新\n", encoding="utf-8")
    (package / "katas/05_crashes_on_import/README.md").unlink()
    shutil.rmtree(package / "katas/04_hangs")
    done = initialising.update(mine)
    assert done.added == ("katas/06_exits/README.zh-CN.md",)
    assert set(done.changed) == {".stubs/not_started.py", ".stubs/passes.py", OTHER}
    gone = {f"katas/04_hangs/{name}" for name in ("README.md", "hangs.py", "kata.toml", "test_hangs.py")}
    assert set(done.removed) == {"katas/05_crashes_on_import/README.md", ".stubs/hangs.py"} | gone
    assert set(done.kept) == {Kept(STUB, f"{STUB}.new"), Kept("katas/06_exits/README.md", deleted=True)}
    assert (mine / STUB).read_text(encoding="utf-8") == MINE
    assert (mine / f"{STUB}.new").read_text(encoding="utf-8") == (mine / OTHER).read_text(encoding="utf-8") == NEW
    assert not (mine / "katas/04_hangs").exists()
    assert initialising.update(mine) == NOTHING


def test_line_ends_are_no_change(mine: Path, package: Path) -> None:
    """A file that an editor gave other line ends is still the course's."""
    (mine / STUB).write_bytes((mine / STUB).read_bytes().replace(b"\n", b"\r\n"))
    (package / ".stubs/not_started.py").write_text(NEW, encoding="utf-8")
    assert not initialising.update(mine).kept
    assert (mine / STUB).read_text(encoding="utf-8") == NEW


def test_restoring(mine: Path) -> None:
    """--restore brings back what is the course's, after a backup, and of answers only a missing one."""
    checks = (mine / CHECKS).read_bytes()
    (mine / CHECKS).write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    (mine / STUB).write_text(MINE, encoding="utf-8")
    (mine / OTHER).unlink()
    assert {path.relative_to(mine).as_posix() for path in initialising.restore(mine)} == {CHECKS, OTHER}
    assert (mine / CHECKS).read_bytes() == checks
    assert (mine / STUB).read_text(encoding="utf-8") == MINE
    assert (mine / OTHER).exists()
    (backup,) = (mine / ".katas/backups").glob("test_not_started_*.py")
    assert "test_nothing" in backup.read_text(encoding="utf-8")
    assert initialising.restore(mine) == []


def test_the_commands_in_such_a_folder(tmp_path: Path) -> None:
    """The real commands, on the real course: begin, look, break, mend, and be told what update is here."""
    ran = run_katas("init", "my-katas", cwd=tmp_path)
    assert ran.code == 0
    assert "13 katas are in my-katas now." in ran.out
    assert "Next: cd my-katas, then katas check" in ran.out
    here = tmp_path / "my-katas"
    checks = here / "katas/06_concurrency_limit/test_concurrency_limit.py"
    checks.write_text(checks.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (here / "katas/06_concurrency_limit/concurrency_limit.py").unlink()
    ran = run_katas("check", "6", cwd=here)
    assert ran.code == 1
    assert "differs from the course's checks. Restore it: katas update --restore" in " ".join(ran.out.split())
    assert "Bring the stub back with: katas update --restore" in " ".join(ran.out.split())
    checks.unlink()
    assert "Next: katas update --restore" in run_katas("check", "6", cwd=here).err
    ran = run_katas("update", "--restore", cwd=here)
    assert ran.code == 0
    assert "test_concurrency_limit.py" in ran.out
    assert "nothing was changed" in run_katas("update", "--restore", cwd=here).out
    assert run_katas("check", "6", "--format", "json", cwd=here).outcomes("concurrency_limit") == ["not_started"] * 12
    ran = run_katas("update", cwd=here)
    assert ran.code == 0
    assert "There is nothing newer at asyncio-katas" in ran.out
    ran = run_katas("update", "--from", "origin", cwd=here)
    assert ran.code == 2
    assert "--from is for a git clone" in ran.err
    ran = run_katas("solution", "6", cwd=here)
    assert ran.code == 2
    assert "There are no solutions of 06 here" in ran.err


def test_restore_is_not_for_clones(katas: Katas) -> None:
    """In a clone git has the files, and the errors name git."""
    ran = katas("update", "--restore")
    assert ran.code == 2
    assert "--restore for a folder of `katas init`" in ran.err


def test_a_broken_manifest(mine: Path) -> None:
    """Where nobody can tell whose a file is, nothing is changed."""
    (mine / ".stubs/course.json").write_text("{}", encoding="utf-8")
    before = all_files(mine)
    ran = run_katas("update", cwd=mine)
    assert ran.code == 2
    assert "nobody knows which files are yours" in ran.err
    assert all_files(mine) == before


def test_the_folder_explains_itself(tmp_path: Path) -> None:
    """Each command of the folder's README is one there is, and both languages name the same ones."""
    english, chinese = (
        (ROOT / "graders/asyncio_katas/starter" / name).read_text(encoding="utf-8")
        for name in ("README.md", "README.zh-CN.md")
    )

    def commands(text: str) -> list[str]:
        return [word for word in text.split("`") if word.startswith("katas ")]

    assert commands(english) == commands(chinese)
    initialising.init(tmp_path / "mine")
    for words in {tuple(command.split()[1:2]) for command in commands(english)}:
        assert run_katas(*words, "--help", cwd=tmp_path / "mine").code == 0
