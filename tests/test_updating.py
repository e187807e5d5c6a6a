"""`katas update`, in real clones: what is new arrives, and no text of the learner's is lost or merged."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Ran

Katas = Callable[..., "Ran"]
STUB = Path("katas/03_not_started/not_started.py")
OTHER = Path("katas/01_passes/passes.py")
MINE = "async def greet(name: str) -> str:\n    return f'Hello, {name}'\n"
NEW_STUB = '"""A better stub."""\n\n\nasync def greet(name: str) -> str:\n    raise NotImplementedError\n'


def git(folder: Path, *words: str) -> str:
    """Run git as somebody with a name, whatever this machine's own settings are."""
    command = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()


def commit(folder: Path, message: str, files: dict[str, str] | None = None) -> None:
    """Write files and commit everything."""
    for name, content in (files or {}).items():
        (folder / name).write_text(content, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no setting of this machine decide, and nobody have told git their name."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", "/nonexistent")


@pytest.fixture
def original(course: Path) -> Path:
    """The course as its authors publish it."""
    git(course, "init", "--quiet", "--initial-branch=main")
    (course / ".gitignore").write_text(".katas/\n__pycache__/\n*.new\n", encoding="utf-8")
    (course / "katas/02_fails/README.md").write_text("# 02\n", encoding="utf-8")
    commit(course, "Begin")
    return course


@pytest.fixture
def clone(original: Path, tmp_path: Path) -> Path:
    """A learner's clone of it."""
    subprocess.run(["git", "clone", "--quiet", str(original), str(tmp_path / "clone")], check=True)
    return tmp_path / "clone"


def publish(original: Path) -> None:
    """Publish a newer course: a better stub, README and check file, a new kata, one file less."""
    (original / STUB).write_text(NEW_STUB, encoding="utf-8")
    (original / ".stubs/not_started.py").write_text(NEW_STUB, encoding="utf-8")
    shutil.copytree(original / "katas/01_passes", original / "katas/07_passes_too")
    (original / "katas/07_passes_too/passes.py").rename(original / "katas/07_passes_too/passes_too.py")
    (original / "katas/07_passes_too/test_passes.py").rename(original / "katas/07_passes_too/test_passes_too.py")
    (original / "katas/02_fails/README.md").write_text("# 02, in better words\n", encoding="utf-8")
    (original / "katas/06_exits/exits.py").unlink()
    (original / "docs").mkdir()
    (original / "docs/report.md").write_text("new", encoding="utf-8")
    commit(original, "Say it better")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_an_untouched_clone_becomes_the_newer_course(katas: Katas, original: Path, clone: Path) -> None:
    """Everything new arrives, is told kata by kata, and git has nothing to say about it."""
    publish(original)
    ran = katas("update", cwd=clone)
    assert ran.code == 0
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "rev-parse", "HEAD") == git(original, "rev-parse", "HEAD")
    assert "  - Say it better" in ran.out
    assert "03 A kata that not started: not_started.py" in ran.out
    assert "07 A kata that passes:" in ran.out
    assert "02 A kata that fails: README.md" in ran.out
    assert "  docs/report.md\n" in ran.out
    assert "You have changed" not in ran.out
    assert ran.out.rstrip().endswith("Next: katas check")
    assert "There is nothing newer" in katas("update", cwd=clone).out


@pytest.mark.skipif(os.name == "nt", reason="files have no such mode there")
def test_a_file_that_has_only_become_a_program(katas: Katas, original: Path, clone: Path) -> None:
    """A mode is taken over like a content."""
    (original / "katas/02_fails/README.md").chmod(0o755)
    commit(original, "Let it be run")
    assert katas("update", cwd=clone).code == 0
    assert os.access(clone / "katas/02_fails/README.md", os.X_OK)
    assert git(clone, "status", "--porcelain") == ""


def test_an_answer_stays_when_its_stub_changes(katas: Katas, original: Path, clone: Path) -> None:
    """The answer is as it was, the new stub lies beside it, everything else is new."""
    (clone / STUB).write_text(MINE, encoding="utf-8")
    publish(original)
    ran = katas("update", cwd=clone)
    assert ran.code == 0
    assert text(clone / STUB) == MINE
    assert text(clone / f"{STUB}.new") == NEW_STUB
    assert f"{STUB.as_posix()} (the course's new version: {STUB.as_posix()}.new)" in " ".join(ran.out.split())
    assert text(clone / "katas/02_fails/README.md") == "# 02, in better words\n"
    assert git(clone, "status", "--porcelain").split() == ["M", STUB.as_posix()]
    assert katas("reset", "3", cwd=clone).code == 0
    assert text(clone / STUB) == NEW_STUB
    assert git(clone, "status", "--porcelain") == ""


def test_a_committed_answer_stays_too(katas: Katas, original: Path, clone: Path) -> None:
    """Histories are joined without a conflict, and plain git goes on working, without a name told to git."""
    commit(clone, "Solve 03", {str(STUB): MINE, "notes.md": "mine"})
    (clone / OTHER).write_text("# in work\n", encoding="utf-8")
    publish(original)
    ran = katas("update", cwd=clone)
    assert ran.code == 0, ran.err
    assert text(clone / STUB) == MINE
    assert text(clone / f"{STUB}.new") == NEW_STUB
    assert text(clone / OTHER) == "# in work\n"
    assert text(clone / "notes.md") == "mine"
    assert git(clone, "show", f"HEAD:{STUB.as_posix()}") == MINE.strip()
    assert git(clone, "show", "HEAD:docs/report.md") == "new"
    assert git(clone, "status", "--porcelain").split() == ["M", OTHER.as_posix()]
    git(clone, "merge-base", "--is-ancestor", git(original, "rev-parse", "HEAD"), "HEAD")
    commit(original, "More", {"docs/report.md": "newer"})
    git(clone, "pull", "--quiet", "--no-rebase", "--no-edit")
    assert text(clone / "docs/report.md") == "newer"
    assert text(clone / STUB) == MINE
    assert "There is nothing newer" in katas("update", cwd=clone).out


def test_every_other_edited_file_stays(katas: Katas, original: Path, clone: Path) -> None:
    """Notes in a README, files where the course now has some, files it has no longer, deleted ones: all as left."""
    (clone / "katas/02_fails/README.md").write_text("# my notes\n", encoding="utf-8")
    (clone / "docs").mkdir()
    (clone / "docs/report.md").write_text("my report", encoding="utf-8")
    (clone / "katas/06_exits/exits.py").write_text("# mine\n", encoding="utf-8")
    (clone / STUB).unlink()
    publish(original)
    ran = katas("update", cwd=clone)
    assert ran.code == 0
    assert text(clone / "katas/02_fails/README.md") == "# my notes\n"
    assert text(clone / "katas/02_fails/README.md.new") == "# 02, in better words\n"
    assert text(clone / "docs/report.md") == "my report"
    assert text(clone / "docs/report.md.new") == "new"
    assert text(clone / "katas/06_exits/exits.py") == "# mine\n"
    assert not (clone / STUB).exists()
    assert "katas/06_exits/exits.py (no longer part of the course)" in ran.out
    assert f"{STUB.as_posix()} (you deleted it)" in ran.out


def test_what_lies_beside_is_not_overwritten(katas: Katas, original: Path, clone: Path) -> None:
    """A second update keeps what the first one put beside an answer, in case somebody wrote into it."""
    (clone / STUB).write_text(MINE, encoding="utf-8")
    publish(original)
    katas("update", cwd=clone)
    commit(original, "Again", {str(STUB): "# newest\n"})
    katas("update", cwd=clone)
    assert text(clone / f"{STUB}.new") == NEW_STUB
    assert text(clone / f"{STUB}.new2") == "# newest\n"
    assert text(clone / STUB) == MINE


def test_an_update_that_was_interrupted_is_completed(katas: Katas, original: Path, clone: Path) -> None:
    """Files that are the newer course's already are nobody's edits."""
    (clone / OTHER).write_text("# in work\n", encoding="utf-8")
    publish(original)
    for path in (STUB, Path("katas/02_fails/README.md")):
        shutil.copyfile(original / path, clone / path)
    (clone / "katas/06_exits/exits.py").unlink()
    ran = katas("update", cwd=clone)
    assert "You have changed" not in ran.out
    assert git(clone, "status", "--porcelain").split() == ["M", OTHER.as_posix()]


def test_a_clone_made_from_a_template(katas: Katas, original: Path, clone: Path) -> None:
    """It shares no history with the course, but its first commit is the course as it was."""
    commit(original, "Later", {"notes.md": "of the course"})
    git(clone, "pull", "--quiet")
    shutil.rmtree(clone / ".git")
    git(clone, "init", "--quiet", "--initial-branch=main")
    commit(clone, "Initial commit")
    commit(clone, "Solve 03", {str(STUB): MINE})
    publish(original)
    ran = katas("update", "--from", original, cwd=clone)
    assert ran.code == 0, ran.err
    assert text(clone / STUB) == MINE
    assert text(clone / "docs/report.md") == "new"
    assert git(clone, "status", "--porcelain") == ""
    assert "There is nothing newer" in katas("update", "--from", original, cwd=clone).out


def test_a_shallow_clone(katas: Katas, original: Path, tmp_path: Path) -> None:
    """A clone without history gets it, as it is needed to tell whose change is whose."""
    commit(original, "Later", {"notes.md": "of the course"})
    clone = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", original.as_uri(), str(clone)], check=True)
    (clone / STUB).write_text(MINE, encoding="utf-8")
    publish(original)
    ran = katas("update", cwd=clone)
    assert ran.code == 0, ran.err
    assert text(clone / STUB) == MINE
    assert text(clone / "docs/report.md") == "new"


def test_windows_line_ends_are_no_edit(katas: Katas, original: Path, tmp_path: Path) -> None:
    """Where git writes other line ends than the course has, nothing counts as changed by the learner."""
    clone = tmp_path / "windows"
    subprocess.run(["git", "clone", "--quiet", "-c", "core.autocrlf=true", str(original), str(clone)], check=True)
    assert b"\r\n" in (clone / STUB).read_bytes()
    publish(original)
    ran = katas("update", cwd=clone)
    assert "You have changed" not in ran.out
    assert (clone / STUB).read_bytes() == NEW_STUB.replace("\n", "\r\n").encode()


def test_a_fork_is_updated_from_upstream(katas: Katas, original: Path, clone: Path, tmp_path: Path) -> None:
    """A remote called `upstream` is the course; without one it is where the clone came from."""
    fork = tmp_path / "fork"
    subprocess.run(["git", "clone", "--quiet", str(clone), str(fork)], check=True)
    publish(original)
    assert "There is nothing newer" in katas("update", cwd=fork).out
    git(fork, "remote", "add", "upstream", str(original))
    assert f"updated from {original}" in " ".join(katas("update", cwd=fork).out.split())


# States in which nothing is touched


def refused(katas: Katas, clone: Path, *words: str | Path) -> str:
    """Run an update that must be refused, and leave the clone as it is; return what it said."""
    before = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file() and ".git" not in path.parts}
    ran = katas("update", *words, cwd=clone)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "Next: " in ran.err
    after = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file() and ".git" not in path.parts}
    assert before == after
    return ran.err


def test_a_conflict_under_way(katas: Katas, original: Path, clone: Path) -> None:
    """A learner who pulled by hand and met a conflict is told how to get out of it; then the update works."""
    commit(clone, "Solve 03", {str(STUB): MINE})
    publish(original)
    with pytest.raises(subprocess.CalledProcessError):
        git(clone, "pull", "--no-rebase")
    assert "Next: git merge --abort (or finish it), then katas update" in refused(katas, clone)
    git(clone, "merge", "--abort")
    assert katas("update", cwd=clone).code == 0
    assert text(clone / STUB) == MINE


def test_a_pull_that_git_refused(katas: Katas, original: Path, clone: Path) -> None:
    """Where plain git will not overwrite an answer in work, the update leaves it alone and brings everything else."""
    (clone / STUB).write_text(MINE, encoding="utf-8")
    publish(original)
    with pytest.raises(subprocess.CalledProcessError):
        git(clone, "pull")
    assert katas("update", cwd=clone).code == 0
    assert text(clone / STUB) == MINE
    assert text(clone / "docs/report.md") == "new"


def test_a_version_that_is_only_staged(katas: Katas, original: Path, clone: Path) -> None:
    """A text that lies in the index alone is not thrown away."""
    (clone / STUB).write_text("# first\n", encoding="utf-8")
    git(clone, "add", str(STUB))
    (clone / STUB).write_text(MINE, encoding="utf-8")
    publish(original)
    assert f"Next: git add {STUB.as_posix()}, then katas update" in refused(katas, clone)


def test_no_clone_at_all(katas: Katas, course: Path) -> None:
    """A course that came as an archive cannot be updated."""
    assert "is no git clone of the course" in refused(katas, course)


def test_a_repository_without_a_commit(katas: Katas, course: Path) -> None:
    """Nothing tells what of it is the course's."""
    git(course, "init", "--quiet")
    assert "is no git clone of the course" in refused(katas, course)


@pytest.mark.skipif(os.name == "nt", reason="owners of files are POSIX's")
def test_a_clone_of_somebody_else(katas: Katas, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git refuses to work there, and its reason is passed on."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "dubious ownership" in refused(katas, clone)


def test_a_course_inside_another_repository(katas: Katas, course: Path) -> None:
    """The repository around it is none of ours."""
    git(course.parent, "init", "--quiet")
    commit(course.parent, "Everything")
    assert "is no git clone of the course" in refused(katas, course)


def test_a_clone_without_a_remote(katas: Katas, original: Path) -> None:
    """It does not know where to look, and says how to tell it."""
    assert "Next: katas update --from URL" in refused(katas, original)


def test_a_remote_that_is_gone(katas: Katas, original: Path, clone: Path) -> None:
    """Git's own words say why."""
    original.rename(original.with_name("moved"))
    assert "git could not do it: " in refused(katas, clone)


def test_another_project(katas: Katas, clone: Path, tmp_path: Path) -> None:
    """Something that has nothing to do with this course is not taken over."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch=main")
    commit(other, "Begin", {"notes.md": "something else"})
    assert "no common history" in refused(katas, clone, "--from", other)


def test_no_git(katas: Katas, clone: Path, tmp_path: Path) -> None:
    """Without git the command says where to get it."""
    ran = katas("update", cwd=clone, PATH=str(tmp_path))
    assert ran.code == 2
    assert "Next: install git" in ran.err
