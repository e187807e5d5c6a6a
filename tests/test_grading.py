"""`katas grade` on the miniature course: what is found, what is noted, and what survives."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Ran, run_katas

from asyncio_katas import catalog
from asyncio_katas.marking import grading
from asyncio_katas.marks import Answer, Submission

PASSES = "katas/01_passes/passes.py"
BOOK = "out/gradebook.sqlite"
PER_SUBMISSION = "SELECT submission, count(*) FROM gradings GROUP BY submission"


@pytest.fixture
def classroom(course: Path, tmp_path: Path) -> Path:
    """A class of four: two who pass a kata, one who fails in another, one who handed in nothing."""
    folder = tmp_path / "class"
    for name, slugs in {"ada": ["passes"], "bob": ["passes", "fails"], "cy": ["fails"], "dot": []}.items():
        (folder / name).mkdir(parents=True)
        for slug in slugs:
            shutil.copyfile(next(course.glob(f"katas/*_{slug}/{slug}.py")), folder / name / f"{slug}.py")
    return folder


def rows(out: Path) -> dict[str, dict[str, str]]:
    """Return the grades, by submission."""
    with (out / "grades.csv").open(encoding="utf-8", newline="") as stream:
        return {row["submission"]: row for row in csv.DictReader(stream)}


def asked(book: Path, question: str) -> list[tuple[Any, ...]]:
    """Return what a gradebook answers, and leave it to others again."""
    with closing(sqlite3.connect(book)) as connection:
        return connection.execute(question).fetchall()


def grade(course: Path, *words: str | Path, **environment: str) -> Ran:
    """Grade the katas that end at once."""
    return run_katas("grade", *words, "--katas", "1,2", cwd=course, **environment)


def test_a_class_in_one_command(course: Path, classroom: Path) -> None:
    """Everybody has a row, with points per kata, and the same again costs nothing."""
    ran = grade(course, classroom, "--out", "out")
    assert ran.code == 0, ran.err
    found = rows(course / "out")
    assert [found[name]["points"] for name in ("ada", "bob", "cy", "dot")] == ["5", "8", "3", "0"]
    assert [found[name]["state"] for name in ("ada", "bob", "cy", "dot")] == [
        "incomplete",
        "complete",
        "incomplete",
        "empty",
    ]
    assert (found["bob"]["passes"], found["bob"]["fails"]) == ("5", "3")
    again = grade(course, classroom, "--out", "out")
    assert "4 submissions are in the gradebook; 4 were unchanged." in again.out
    assert rows(course / "out") == found
    assert "0 were unchanged" in grade(course, classroom, "--out", "out", "--regrade").out


def test_only_what_changed_is_graded_again(course: Path, classroom: Path) -> None:
    """A new version of one answer gets a new grading; the old one stays in the gradebook."""
    grade(course, classroom, "--out", "out")
    with (classroom / "bob/fails.py").open("a", encoding="utf-8") as stream:
        stream.write("# better now\n")
    ran = grade(course, classroom, "--out", "out")
    assert "3 were unchanged" in ran.out
    counts = dict(asked(course / BOOK, PER_SUBMISSION))
    assert counts == {"ada": 1, "bob": 2, "cy": 1, "dot": 1}


def zipped(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_archives_are_read_wherever_the_answer_lies(course: Path, tmp_path: Path) -> None:
    """A zip, a tar and a zip in a folder: the answer counts, and nothing is written beside them."""
    answer = (course / PASSES).read_bytes()
    folder = tmp_path / "class"
    (folder / "inside").mkdir(parents=True)
    zipped(folder / "ada.zip", {"a/b c/passes.py": answer, "../../evil.py": b"", "__MACOSX/a/passes.py": b"x"})
    zipped(folder / "inside/hand in.zip", {"passes.py": answer})
    with tarfile.open(folder / "tar.tar.gz", "w:gz") as archive:
        for name in ("deep/er/passes.py", "../passes.py"):
            member = tarfile.TarInfo(name)
            member.size = len(answer)
            archive.addfile(member, io.BytesIO(answer))
    before = sorted(tmp_path.rglob("*"))
    ran = grade(course, folder, "--out", "out")
    assert ran.code == 0, ran.err
    assert {name: row["passes"] for name, row in rows(course / "out").items()} == {
        "ada": "5",
        "inside": "5",
        "tar": "5",
    }
    assert [path for path in sorted(tmp_path.rglob("*")) if course not in path.parents] == [
        path for path in before if course not in path.parents
    ]


def test_what_cannot_be_graded_is_named(course: Path, tmp_path: Path) -> None:
    """Ambiguity, links, bombs and broken archives are reported, each with its reason, and stop nobody else."""
    answer = (course / PASSES).read_bytes()
    folder = tmp_path / "class"
    (folder / "two/old").mkdir(parents=True)
    (folder / "two/passes.py").write_bytes(answer + b"# newer\n")
    (folder / "two/old/passes.py").write_bytes(answer + b"# older\n")
    zipped(folder / "bomb.zip", {"passes.py": b"#" * 50_000_000})
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 not really")
    with tarfile.open(folder / "link.tar", "w") as archive:
        member = tarfile.TarInfo("passes.py")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    zipped(folder / "fine.zip", {"passes.py": answer})
    ran = run_katas("grade", folder, "--katas", "passes", "--out", "out", cwd=course)
    assert ran.code == 1
    found = rows(course / "out")
    assert found["fine"]["points"] == "5"
    assert {name for name, row in found.items() if row["state"] == "ungradable"} == {"two", "bomb", "broken", "link"}
    assert (
        "old/passes.py, passes.py" in found["two"]["remarks"] or "passes.py, old/passes.py" in found["two"]["remarks"]
    )
    assert "too large" in found["bomb"]["remarks"]
    assert "is a link" in found["link"]["remarks"]
    assert "cannot be read" in found["broken"]["remarks"]


def test_an_endless_tar_is_given_up(course: Path, tmp_path: Path) -> None:
    """A small archive of gigabytes costs no more than the limit."""
    folder = tmp_path / "class"
    folder.mkdir()
    with tarfile.open(folder / "bomb.tar.xz", "w:xz", preset=0) as archive:
        member = tarfile.TarInfo("filler.bin")
        member.size = 300_000_000
        with Path(os.devnull).open("rb"):
            archive.addfile(member, Zeros(member.size))
    ran = run_katas("grade", folder, "--katas", "passes", "--out", "out", cwd=course)
    assert ran.code == 1
    assert "more than 256000000 bytes" in rows(course / "out")["bomb"]["remarks"]


class Zeros(io.RawIOBase):
    """So many zeros."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def read(self, size: int = -1) -> bytes:
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


def git(folder: Path, *words: str, date: str = "2026-05-01T12:00:00+00:00") -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    done = subprocess.run(
        ["git", "-C", folder, *words], env=own | who | dates, capture_output=True, check=True, encoding="utf-8"
    )
    return done.stdout.strip()


@pytest.fixture
def repository(course: Path, tmp_path: Path) -> Path:
    """A repository with a right answer in May, and a broken one in June."""
    folder = tmp_path / "class/ada"
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    shutil.copyfile(course / PASSES, folder / "passes.py")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "done")
    (folder / "passes.py").write_text("broken(", encoding="utf-8")
    git(folder, "commit", "-qam", "worse", date="2026-06-02T12:00:00+00:00")
    return folder


def test_the_last_commit_before_the_deadline_counts(course: Path, repository: Path) -> None:
    """A later commit is left out, and the report says how late it was and whose clock says so."""
    words = ("--katas", "passes", "--out", "out")
    run_katas("grade", repository, *words, cwd=course)
    assert rows(course / "out")["ada"]["points"] == "0"
    run_katas("grade", repository, *words, "--deadline", "2026-06-01T12:00+00:00", cwd=course)
    found = rows(course / "out")["ada"]
    assert (found["points"], found["late_hours"], found["clock"]) == ("5", "24", "commits")
    late = run_katas("grade", repository, *words, "--deadline", "2026-04-30T12:00+00:00", cwd=course)
    assert late.code == 1
    assert "None of its 2 commits came before the deadline; the first was 24 hours late." in late.out


def test_the_servers_times_are_taken_where_they_are_known(course: Path, repository: Path, tmp_path: Path) -> None:
    """Who dates a commit back is found out by the server's times."""
    first = git(repository, "rev-list", "--max-parents=0", "HEAD")
    last = git(repository, "rev-parse", "HEAD")
    received = tmp_path / "received.csv"
    lines = ["submission,received,commit", f"ada,2026-06-03T12:00Z,{first}", f"ada,2026-06-04T12:00Z,{last}"]
    received.write_text("\n".join(lines), encoding="utf-8")
    words = ("--katas", "passes", "--out", "out", "--received", received, "--deadline")
    run_katas("grade", repository, *words, "2026-06-03T13:00Z", cwd=course)
    found = rows(course / "out")["ada"]
    assert (found["points"], found["clock"], found["late_hours"]) == ("5", "server", "23")
    assert run_katas("grade", repository, *words, "2026-05-31T13:00Z", cwd=course).code == 1


def test_a_hostile_repository_runs_nothing(course: Path, repository: Path, tmp_path: Path) -> None:
    """What a repository's configuration tells git to run is not run."""
    witness = tmp_path / "witness"
    for name, value in {"core.fsmonitor": f"touch {witness}", "core.pager": f"touch {witness}",
                        "log.showSignature": "true", "gpg.program": f"touch {witness}"}.items():  # fmt: skip
        git(repository, "config", name, value)
    ran = run_katas("grade", repository, "--katas", "passes", "--out", "out", cwd=course)
    assert ran.code == 0, ran.err
    assert not witness.exists()


def test_roster_rubric_and_tables_of_an_lms(course: Path, classroom: Path, tmp_path: Path) -> None:
    """Names and addresses come from the roster, points from the rubric, and who is late loses some."""
    roster = tmp_path / "roster.csv"
    roster.write_text("Submission,Name,Email\nada,Ada L.,ada@x.org\nzed,=1+1,zed@x.org\n", encoding="utf-8")
    rubric = tmp_path / "rubric.toml"
    rubric.write_text("pass_mark = 50\n[late]\npercent_per_day = 10\n[katas.passes]\npoints = 50\n", encoding="utf-8")
    received = tmp_path / "received.csv"
    received.write_text("submission,received\nada,2026-05-02T13:00Z\n", encoding="utf-8")
    ran = grade(course, classroom, "--out", "out", "--roster", roster, "--rubric", rubric, "--received", received,
                "--deadline", "2026-05-01T12:00Z")  # fmt: skip
    assert ran.code == 0, ran.err
    found = rows(course / "out")
    assert (found["ada"]["points"], found["ada"]["penalty"], found["ada"]["passed"]) == ("40", "10", "yes")
    assert (found["zed"]["state"], found["zed"]["name"]) == ("absent", "'=1+1")
    assert found["cy"]["passed"] == "no"
    assert "ada@x.org,,Ada L.,40,55," in (course / "out/moodle.csv").read_text(encoding="utf-8")
    canvas = (course / "out/canvas.csv").read_text(encoding="utf-8").splitlines()
    assert canvas[:2] == ["Student,ID,SIS User ID,SIS Login ID,Section,asyncio katas", "Points Possible,,,,,55"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pass_mark = 50\n\n[late]\npercent = 3\n", "line 4: `late.percent`"),
        ("[katas.passes]\npoints = 'many'\n", "line 2: `katas.passes.points`"),
        ("[katas.passes.tasks]\n1 = 2\n9 = 1\n", "line 3: `katas.passes.tasks.9`"),
        ("[katas.passes.checks]\ntest_greet = -1\n", "line 2: `katas.passes.checks.test_greet`"),
        ("pass_mark = \n", "line 1"),
    ],
)
def test_a_wrong_rubric_is_refused_by_line_and_field(
    course: Path, classroom: Path, tmp_path: Path, text: str, said: str
) -> None:
    """Every mistake names its place, and nothing is graded."""
    (tmp_path / "rubric.toml").write_text(text, encoding="utf-8")
    ran = grade(course, classroom, "--out", "out", "--rubric", tmp_path / "rubric.toml")
    assert ran.code == 2
    assert said in ran.err
    assert not (course / "out").exists()


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--roster", "name\nAda\n", ": the first line does not name the columns submission."),
        ("--roster", "submission,name\nada,A\n\nada,B\n", ", line 4: 'ada' stands in an earlier line too."),
        ("--roster", "submission,name\n,Ada\n", ", line 2: it names no submission."),
        ("--claimed", "submission,points\nada,1\nada,2\n", ", line 3: 'ada' stands in an earlier line too."),
        ("--claimed", "submission,points\nada,many\n", ", line 2: 'many' is no number."),
        ("--claimed", "submission,points\nada,nan\n", ", line 2: 'nan' is no number."),
        ("--claimed", "submission\nada\n", ": the first line does not name the columns points."),
        ("--received", "submission,received\nada,soon\n", ", line 2: 'soon' is no date and time."),
        ("--received", "submission,received\n,2026-05-02T13:00Z\n", ", line 2: it names no submission."),
        ("--received", "submission,received\nada,\0\n", ""),
    ],
)
def test_a_wrong_table_is_refused_by_line(course: Path, classroom: Path, option: str, text: str, said: str) -> None:
    """Whatever a table is for, its mistakes are named in the same words, and nothing is graded."""
    table = course / "table.csv"
    table.write_text(text, encoding="utf-8")
    ran = grade(course, classroom, "--out", "out", option, table)
    assert (ran.code, ran.out) == (2, "")
    assert f"{table}{said}" in " ".join(ran.err.split())
    assert "Next: " in ran.err
    assert not (course / "out").exists()


def test_a_gradebook_of_another_course_is_refused(course: Path, classroom: Path) -> None:
    """Checks have changed: the old grades are not mixed with new ones, and the next command is told."""
    grade(course, classroom, "--out", "out")
    with (course / "katas/01_passes/test_passes.py").open("a", encoding="utf-8") as stream:
        stream.write("# another one\n")
    ran = grade(course, classroom, "--out", "out")
    assert ran.code == 2
    assert "version" in ran.err
    assert "--gradebook out" in ran.err
    command = next(line for line in ran.err.splitlines() if line.startswith("Next: ")).partition("katas ")[2].split()
    assert run_katas(*command, cwd=course).code == 0


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at", b""])
def test_a_file_that_is_no_gradebook(course: Path, classroom: Path, content: bytes) -> None:
    """A foreign file is left as it is; an empty one is as good as none."""
    (course / "book").write_bytes(content * 100)
    ran = grade(course, classroom, "--out", "out", "--gradebook", "book")
    assert ran.code == (2 if content else 0)
    assert not content or (course / "book").read_bytes() == content * 100


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(course: Path, classroom: Path) -> None:
    """A read-only folder is one fact and a next step."""
    (course / "out").mkdir(mode=0o500)
    ran = grade(course, classroom, "--out", "out")
    assert ran.code == 2
    assert "Next:" in ran.err


def test_a_place_where_no_folder_can_be(course: Path, classroom: Path) -> None:
    """The same for an --out below a file."""
    ran = grade(course, classroom, "--out", "katas/01_passes/passes.py/out")
    assert ran.code == 2
    assert "Next: choose another --out." in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="files have no size limit there")
def test_a_disk_that_takes_no_more(course: Path, classroom: Path) -> None:
    """What was graded stays; the fact and the command to go on with are told."""
    program = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000));"
        "sys.argv[0] = 'katas'; runpy.run_module('asyncio_katas', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "grade", classroom, "--katas", "1,2", "--out", "out"],
        cwd=course, capture_output=True, encoding="utf-8", check=False, stdin=subprocess.DEVNULL, timeout=100,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "gradebook" in done.stderr
    assert "Next:" in done.stderr
    assert grade(course, classroom, "--out", "out").code == 0
    assert len(rows(course / "out")) == 4


def test_two_runs_do_not_share_a_gradebook(course: Path, classroom: Path) -> None:
    """The second run says so and changes nothing."""
    grade(course, classroom, "--out", "out")
    book = sqlite3.connect(course / "out/gradebook.sqlite", isolation_level=None)
    book.execute("PRAGMA locking_mode = EXCLUSIVE")
    book.execute("BEGIN EXCLUSIVE")
    ran = grade(course, classroom, "--out", "out")
    book.close()
    assert ran.code == 2
    assert "is using the gradebook" in ran.err


def test_places_that_hold_no_submissions(course: Path, tmp_path: Path) -> None:
    """Nothing there, nothing in it, and two of one name are told apart."""
    assert "There is no nowhere." in grade(course, "nowhere").err
    (tmp_path / "empty").mkdir()
    assert "There are no submissions in" in grade(course, tmp_path / "empty").err
    for place in ("x/ada", "y/ada"):
        (tmp_path / place).mkdir(parents=True)
    assert "Two submissions are called 'ada'" in grade(course, tmp_path / "x", tmp_path / "y").err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
@pytest.mark.timeout(400)
def test_killed_again_and_again_it_loses_nothing(course: Path, tmp_path: Path) -> None:
    """However often a run is killed, in the end every submission is there, once, as if nothing had been."""
    folder = tmp_path / "class"
    for number in range(8):
        place = folder / f"s{number:02}"
        place.mkdir(parents=True)
        slug = "passes" if number % 2 else "fails"
        shutil.copyfile(next(course.glob(f"katas/*_{slug}/{slug}.py")), place / f"{slug}.py")
    words = [sys.executable, "-P", "-m", "asyncio_katas", "grade", str(folder), "--katas", "1,2", "--out", "out"]
    for lines in (1, 2, 1):
        with subprocess.Popen(words, cwd=course, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as run:
            assert run.stdout is not None
            for _ in range(lines):
                run.stdout.readline()
            os.kill(run.pid, signal.SIGKILL)
    early = dict(asked(course / BOOK, PER_SUBMISSION))
    assert len(early) >= 3
    ran = grade(course, folder, "--out", "out")
    assert ran.code == 0, ran.err
    counts = dict(asked(course / BOOK, PER_SUBMISSION))
    checks = asked(course / BOOK, "SELECT count(*) FROM checks")[0][0]
    assert counts == {f"s{number:02}": 1 for number in range(8)}
    assert checks == 8 * 3
    killed = rows(course / "out")
    assert grade(course, folder, "--out", "whole").code == 0
    assert rows(course / "whole") == killed


@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl-C can be sent there")
@pytest.mark.timeout(400)
def test_ctrl_c_says_how_to_go_on(course: Path, tmp_path: Path) -> None:
    """An interrupted run keeps what it has and names the command that goes on."""
    folder = tmp_path / "class"
    for number in range(8):
        zipped_place = folder / f"s{number:02}"
        zipped_place.mkdir(parents=True)
        shutil.copyfile(course / PASSES, zipped_place / "passes.py")
    words = [sys.executable, "-P", "-m", "asyncio_katas", "grade", str(folder), "--katas", "1", "--out", "out"]
    with subprocess.Popen(
        words, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8"
    ) as run:
        assert run.stdout is not None
        run.stdout.readline()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=100)
    assert run.returncode == 130, err
    again = next(line for line in out.splitlines() if line.startswith("Next: katas ")).removeprefix("Next: katas ")
    assert run_katas(*again.split(), cwd=course).code == 0
    assert len(rows(course / "out")) == 8


@pytest.fixture
def held_back(course: Path) -> Callable[[str], Path]:
    """Make held-back checks that pass only with the right seed in their inputs."""

    def write(folder: str) -> Path:
        path = course / folder / "test_passes_held_back.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "import passes as kata\nimport pytest\nfrom asyncio_katas.lab import Lab\n"
            'SEED = "public"\n\n\n'
            "@pytest.mark.task(1)\nasync def test_name(lab: Lab) -> None:\n"
            '    """greet: says hello to anybody."""\n'
            "    call = await lab.call(kata.greet, SEED)\n"
            '    call.expect_value("Hello, " + SEED)\n\n\n'
            "@pytest.mark.task(1)\nasync def test_secret(lab: Lab) -> None:\n"
            '    """greet: knows the public seed."""\n'
            '    assert SEED == "public"\n',
            encoding="utf-8",
        )
        return path.parent

    return write


def test_held_back_checks_tell_title_and_outcome_alone(
    course: Path, classroom: Path, held_back: Callable[[str], Path]
) -> None:
    """Their inputs come from a secret, and no message of theirs is kept."""
    held_back("solutions/01_passes")
    own = held_back("own")
    without = grade(course, classroom, "--out", "out", "--held-back")
    assert without.code == 2
    assert "--seed-file seed.txt" in without.err
    words = (classroom, "--out", "out", "--held-back", "--held-back", own, "--seed-file", "seed.txt")
    ran = grade(course, *words)
    assert ran.code == 0, ran.err
    found = rows(course / "out")
    assert (found["ada"]["held_back_passed"], found["ada"]["held_back"]) == ("2", "4")
    assert found["cy"]["held_back"] == "0"
    columns = [row[1] for row in asked(course / BOOK, "PRAGMA table_info(held_back)")]
    assert columns == ["grading", "kata", "name", "title", "task", "outcome"]
    seed = (course / "seed.txt").read_text(encoding="ascii").strip()
    assert len(seed) == 64
    assert not [path for path in (course / "out").rglob("*") if path.is_file() and seed.encode() in path.read_bytes()]
    assert "4 were unchanged" in grade(course, *words).out
    assert (
        "0 were unchanged" in grade(course, classroom, "--out", "out", "--held-back", ASYNCIO_KATAS_SEED="x" * 20).out
    )


def test_the_seed_is_hidden_from_the_answers(course: Path, tmp_path: Path, held_back: Callable[[str], Path]) -> None:
    """An answer that looks for the seed in its environment finds none."""
    held_back("solutions/01_passes")
    place = tmp_path / "class/spy"
    place.mkdir(parents=True)
    text = (course / PASSES).read_text(encoding="utf-8")
    spy = "import os\nif 'ASYNCIO_KATAS_SEED' in os.environ:\n    raise SystemError('seen')\n"
    (place / "passes.py").write_text(spy + text, encoding="utf-8")
    ran = grade(course, place.parent, "--out", "out", "--held-back", ASYNCIO_KATAS_SEED="a secret of some length")
    assert ran.code == 0, ran.err
    assert rows(course / "out")["spy"]["points"] == "5"


def test_katas_with_an_examiner_are_examined(tmp_path: Path) -> None:
    """With `--held-back` the examiner looks at an answer too, with inputs from the secret seed."""
    right = ROOT / "solutions/06_concurrency_limit"
    for name, answer in {"ada": right / "concurrency_limit.py", "bob": right / "wrong/one_too_many.py"}.items():
        (tmp_path / "class" / name).mkdir(parents=True)
        shutil.copyfile(answer, tmp_path / "class" / name / "concurrency_limit.py")
    words = ("--katas", "6", "--held-back", "--seed-file", tmp_path / "seed.txt", "--out", tmp_path / "out")
    ran = run_katas("grade", tmp_path / "class", *words, cwd=ROOT)
    assert ran.code == 0, ran.err
    question = "SELECT submission, outcome FROM held_back JOIN gradings ON id = grading WHERE name LIKE 'exam_%'"
    found: dict[str, set[str]] = {}
    for name, outcome in asked(tmp_path / "out/gradebook.sqlite", question):
        found.setdefault(name, set()).add(outcome)
    assert found["ada"] == {"passed"}
    assert "failed" in found["bob"]
    ran = run_katas("grade", tmp_path / "class", *words, cwd=ROOT)
    assert "2 were unchanged" in ran.out


def test_what_is_noted_comes_back_whole(course: Path, classroom: Path) -> None:
    """A finding with its timeline is the same after it went through the gradebook."""
    grade(course, classroom, "--out", "out")
    direct = run_katas("check", "2", "--submission", classroom / "cy", "--format", "json", "--isolate", cwd=course)
    expected = json.loads(direct.out)["katas"][0]["checks"]
    question = "SELECT name, outcome, message, finding FROM checks JOIN gradings ON id = grading"
    noted = asked(course / BOOK, f"{question} WHERE submission = 'cy'")
    assert [row[:3] for row in noted] == [(c["id"], c["outcome"], c["message"]) for c in expected]
    assert [json.loads(row[3])["timeline"] for row in noted] == [c["timeline"] for c in expected]


def test_the_reports_say_what_was_not_understood(course: Path, classroom: Path, tmp_path: Path) -> None:
    """The class at a glance, a page for each submission, and a report on each candidate; no name becomes markup."""
    roster = tmp_path / "roster.csv"
    roster.write_text("submission,name\nada,<script>alert(1)</script>\ngone,Gone\n", encoding="utf-8")
    hostile = classroom / "x;<b>&"
    hostile.mkdir()
    with (course / "katas/02_fails/fails.py").open(encoding="utf-8") as stream:
        (hostile / "fails.py").write_text(stream.read() + "# <i>mine</i>\n", encoding="utf-8")
    assert grade(course, classroom, "--out", "out", "--roster", roster).code == 0
    index = (course / "out/index.html").read_text(encoding="utf-8")
    assert "100 %" in index
    assert "3 of 3" in index
    assert "Gone" in index
    assert "<script" not in index
    assert "x;&lt;b&gt;&amp;" in index
    links = set(re.findall(r'href="(submissions/[^"]+)"', index))
    assert links == {f"submissions/{name}.html" for name in ("ada", "bob", "cy", "dot", "x_b")}
    pages = {link: (course / "out" / link).read_text(encoding="utf-8") for link in links}
    assert "<script" not in "".join(pages.values())
    assert "Hello, Ada" in pages["submissions/cy.html"] or "timeline" in pages["submissions/cy.html"]
    candidate = (course / "out/hiring/x_b.html").read_text(encoding="utf-8")
    assert "+# &lt;i&gt;mine&lt;/i&gt;" in candidate
    assert "Questions for the interview" in candidate
    assert "does not hold. Seen was:" in candidate


def test_the_report_on_a_candidate_says_how_long_it_took(course: Path, repository: Path) -> None:
    """From hand-out to hand-in, and by whose clock."""
    ran = run_katas(
        "grade", repository, "--katas", "passes", "--out", "out", "--handed-out", "2026-06-01T12:00Z", cwd=course
    )
    assert ran.code == 0, ran.err
    page = (course / "out/hiring/ada.html").read_text(encoding="utf-8")
    assert "commit dates" in page
    assert "<dd>24</dd>" in page


def test_answers_that_are_alike_are_pointed_out(course: Path, tmp_path: Path) -> None:
    """Other names and another layout hide nothing; what was handed out is not counted, and nobody is called a cheat."""
    stub = (course / PASSES).read_text(encoding="utf-8")
    work = "\n\ndef {name}({a}, {b}):\n    {a} = sorted(map(str, {b} or ()))\n" + "".join(
        f"    for {{a}} in range({n}):\n        {{b}} = [{{a}}, *{{b}}][: {n} + len({{b}})]\n" for n in range(20)
    )
    other = "\n\nclass Queue:\n" + "".join(
        f"    def step{n}(self, *args):\n        yield {{n: self for n in args if n > {n}}}\n" for n in range(20)
    )
    extra = {
        "ada": work.format(name="one", a="x", b="y"),
        "bob": work.format(name="helper", a="left", b="right").replace("    ", "  "),
        "cy": other,
        "dot": "",
        "eve": "# nothing of my own\n",
    }
    for name, text in extra.items():
        place = tmp_path / "class" / name
        place.mkdir(parents=True)
        (place / "passes.py").write_text(stub + text, encoding="utf-8")
    ran = run_katas("grade", tmp_path / "class", "--katas", "1", "--out", "out", cwd=course)
    assert ran.code == 0, ran.err
    index = (course / "out/index.html").read_text(encoding="utf-8")
    alike = index.partition("<h2>Alike</h2>")[2].partition("</section>")[0]
    assert set(re.findall(r'href="submissions/(\w+)\.html"', alike)) == {"ada", "bob"}
    assert "proves nothing" in alike


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part of a cluster for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="workers are killed by a signal")
@pytest.mark.timeout(400)
def test_a_cluster_that_loses_a_worker(course: Path, tmp_path: Path) -> None:
    """Over TCP, with a worker killed in the middle, the gradebook is what it is on one machine."""
    for number in range(10):
        place = tmp_path / f"class/s{number}"
        place.mkdir(parents=True)
        for slug in ("passes", "fails"):
            shutil.copyfile(next(course.glob(f"katas/*_{slug}/{slug}.py")), place / f"{slug}.py")
    file = str(tmp_path / "scheduler.json")
    worker = ("worker", "--scheduler-file", file, "--nthreads", "1", "--no-nanny", "--no-dashboard")
    scheduler = started("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", file)
    with scheduler, started(*worker) as first, started(*worker):
        while not Path(file).exists() or not Path(file).read_text(encoding="utf-8").endswith("}"):
            time.sleep(0.1)
        address = json.loads(Path(file).read_text(encoding="utf-8"))["address"]
        words = ["grade", str(tmp_path / "class"), "--katas", "1,2", "--out", "out", "--scheduler", address]
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "asyncio_katas", *words, "--jobs", "2"],
            cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8",
        ) as run:  # fmt: skip
            assert run.stdout is not None
            assert run.stdout.readline().startswith("1/10"), "the cluster grades"
            first.kill()
            out, err = run.communicate(timeout=300)
    assert run.returncode == 0, out + err
    assert dict(asked(course / BOOK, PER_SUBMISSION)) == {f"s{number}": 1 for number in range(10)}
    assert asked(course / BOOK, "SELECT count(*) FROM checks")[0][0] == 10 * 6
    assert grade(course, tmp_path / "class", "--out", "whole").code == 0
    assert rows(course / "whole") == rows(course / "out")


def test_no_scheduler_there(course: Path, classroom: Path) -> None:
    """An address at which nobody listens is one fact and a next step."""
    ran = grade(course, classroom, "--out", "out", "--scheduler", "nonsense://nowhere:1")
    assert ran.code == 2, ran.err
    assert "There is no scheduler at nonsense://nowhere:1" in ran.err


def test_where_the_grader_fails_the_others_are_graded(course: Path) -> None:
    """A fault at one submission is told apart from its result, and costs nobody else theirs."""
    kata = catalog.select(catalog.discover(course), ["passes"])
    content = (course / PASSES).read_bytes()
    found = [Submission(name, name, (Answer("passes", "passes.py", content),)) for name in ("ada", "bob", "cy")]
    got: list[grading.Graded] = []

    def prepare(item: Submission) -> grading.Task:
        # A kata whose name leads nowhere cannot be laid out.
        chosen = [replace(kata[0], folder=Path("x\0"))] if item.name == "bob" else kata
        return grading.Task(tuple((one, kata[0].check_file.read_bytes()) for one in chosen), (), {"passes": content})

    grading.grade(found, ThreadPoolExecutor(2), 2, prepare, got.append)
    assert {graded.submission.name: bool(graded.fault) for graded in got} == {"ada": False, "bob": True, "cy": False}
    outcomes = [
        [f["outcome"] for f in graded.katas["passes"]["findings"].values()] for graded in got if not graded.fault
    ]
    assert outcomes == [["passed"] * 3] * 2
