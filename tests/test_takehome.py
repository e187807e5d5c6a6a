"""`katas export takehome` and what becomes of it: from a zip for a candidate to the report that a manager reads."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Ran, run_katas
from takehomes import RIGHT, make
from test_exporting import telling, texts
from test_grading import asked, git, rows
from test_packaging import passages

from asyncio_katas import __version__, catalog, variants
from asyncio_katas.marking import manifest

SEED = b"a seed that is long enough"
KATA = "katas/01_passes/passes.py"
BOTH = ("a", "b")


@dataclass(frozen=True)
class Company:
    """A course with a kata of two variants, and a key and a seed of its own."""

    course: Path
    place: Path

    @property
    def key(self) -> Path:
        return self.place / "company.key"

    def candidate(self, variant: str) -> str:
        """Return a name that gets this variant."""
        kata = catalog.load(self.course / "katas/01_passes")
        names = (f"candidate {number}" for number in range(100))
        return next(name for name in names if variants.chosen(kata, self.course, SEED, name) == variant)

    def export(self, name: str, *words: str | Path, candidate: str = "") -> Ran:
        """Make a test that is called `name`."""
        chosen = ["--candidate", candidate, "--key-file", self.key, "--seed-file", self.place / "seed.txt", *words]
        return run_katas("export", "takehome", self.place / f"{name}.zip", *chosen, cwd=self.course)

    def hand_out(self, name: str, variant: str, *words: str) -> Path:
        """Make a test with this variant, and unpack it as its candidate does."""
        ran = self.export(name, *words, candidate=self.candidate(variant))
        assert ran.code == 0, ran.err
        return self.unpack(name)

    def unpack(self, name: str) -> Path:
        inbox = self.place / "inbox"
        with zipfile.ZipFile(self.place / f"{name}.zip") as archive:
            archive.extractall(inbox)
        return inbox / name

    def grade(self, *words: str | Path) -> Ran:
        """Grade what came back, with the key."""
        chosen = ["--key-file", self.key, "--katas", "1", "--out", self.place / "out", *words]
        return run_katas("grade", self.place / "inbox", *chosen, cwd=self.course)

    def rows(self) -> dict[str, dict[str, str]]:
        return rows(self.place / "out")

    def page(self, name: str) -> str:
        return (self.place / f"out/hiring/{name}.html").read_text(encoding="utf-8")


@pytest.fixture
def company(course: Path, tmp_path: Path) -> Company:
    (tmp_path / "seed.txt").write_bytes(SEED)
    return Company(make(course), tmp_path)


def solve(folder: Path, variant: str) -> None:
    (folder / KATA).write_text(RIGHT[variant], encoding="utf-8")


def edit(folder: Path, change: dict[str, Any]) -> None:
    """Change what a manifest says, and leave its seal."""
    path = folder / manifest.NAME
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change), encoding="utf-8")


def clean() -> dict[str, str]:
    """Return an environment in which nothing leads to the repository."""
    ours = ("PYTHON", "ASYNCIO_KATAS", "COURSE", "COVERAGE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def run_handed_out(folder: Path, *words: str) -> Ran:
    """Run the command that came with a take-home, as its candidate does."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "asyncio_katas", *words],
        cwd=folder,
        env=clean() | {"PYTHONPATH": str(folder / "graders"), "COLUMNS": "100"},
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=400,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def check(folder: Path, *words: str) -> Ran:
    """Run the checks that came with a take-home."""
    return run_handed_out(folder, "check", *words)


def test_the_whole_path(company: Company) -> None:
    """Two candidates with different variants, one honest and one with the other's answer, and two who cheat."""
    ada, bob = (
        company.hand_out(name, variant, "--minutes", "60") for name, variant in {"ada": "a", "bob": "b"}.items()
    )
    cy, dot = (company.hand_out(name, variant, "--minutes", "60") for name, variant in {"cy": "b", "dot": "b"}.items())
    assert check(ada, "--format", "json").outcomes("passes") == ["not_started"] * 4
    for variant, outcome in {"a": "failed", "b": "passed"}.items():
        solve(bob, variant)
        assert check(bob, "--format", "json").outcomes("passes") == ["passed"] * 3 + [outcome]
    solve(ada, "a")
    # Bob has ada's answer.
    solve(bob, "a")
    # Cy would like to have been asked what ada was asked, and dot's checks ask for nothing.
    solve(cy, "a")
    edit(cy, {"variants": {"passes": "a"}, "minutes": 600})
    solve(dot, "a")
    (dot / KATA).with_name("test_passes.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    begun = datetime.fromisoformat(json.loads((bob / manifest.NAME).read_bytes())["handed_out"])
    lines = ["submission,received"]
    lines += [f"{name},{(begun + timedelta(minutes=m)).isoformat()}" for name, m in {"ada": 59, "bob": 90}.items()]
    (company.place / "received.csv").write_text("\n".join(lines), encoding="utf-8")
    ran = company.grade("--received", company.place / "received.csv")
    assert ran.code == 0, ran.err
    found = company.rows()
    assert {name: (row["points"], row["variants"]) for name, row in found.items()} == {
        "ada": ("8", "01 a"),
        "bob": ("5", "01 b"),
        # Not authentic: the course's own variant, no time, and a remark.
        "cy": ("8", ""),
        "dot": ("5", "01 b"),
    }
    assert not found["ada"]["remarks"]
    assert found["bob"]["remarks"] == "It came 30 minutes after its 60 minutes were over, by the server's clock."
    assert found["bob"]["late_hours"] == "0.5"
    assert "manifest.json was changed, or sealed with another key" in found["cy"]["remarks"]
    assert "Check files were changed" in found["dot"]["remarks"]
    assert "katas/01_passes/test_passes.py" in found["dot"]["remarks"]
    assert "Nobody says when it was handed in" in found["dot"]["remarks"]
    assert asked(company.place / "out/gradebook.sqlite", "SELECT DISTINCT variant FROM katas ORDER BY 1") == [
        ("a",),
        ("b",),
    ]
    page = company.page("bob")
    for said in ("handed out to", company.candidate("b"), "01 b", "hours given", "the server&#39;s clock", "product"):
        assert said in page.replace("&#x27;", "&#39;").replace("'", "&#39;"), said
    assert "not authentic" in company.page("cy")
    index = (company.place / "out/index.html").read_text(encoding="utf-8")
    assert "01 b, task 3" in index
    again = company.grade("--received", company.place / "received.csv")
    assert "4 were unchanged" in again.out
    assert company.rows() == found


@pytest.mark.parametrize("variant", BOTH)
def test_zips_and_repositories_come_back_too(company: Company, variant: str) -> None:
    """The manifest is found in an archive and in a commit, and commit dates are the candidate's own."""
    zipped, repository = (company.hand_out(name, variant, "--minutes", "30") for name in ("zip", "repository"))
    for folder in (zipped, repository):
        solve(folder, variant)
    shutil.make_archive(str(zipped), "zip", zipped.parent, "zip")
    shutil.rmtree(zipped)
    git(repository, "init", "-q")
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "-qm", "done", date=(datetime.now(UTC) + timedelta(minutes=50)).isoformat())
    assert company.grade().code == 0
    found = company.rows()
    assert [(row["points"], row["variants"]) for row in found.values()] == [("8", f"01 {variant}")] * 2
    assert "after its 30 minutes were over, by the candidate's own commit dates." in found["repository"]["remarks"]
    git(repository, "commit", "--amend", "-qm", "done", date="2020-01-01T12:00:00+00:00")
    assert company.grade().code == 0
    assert "handed in before it was handed out" in company.rows()["repository"]["remarks"]


def test_manifests_that_are_not_believed(company: Company) -> None:
    """A missing one, one under another key, two of them, one that is none: each is named, and nobody is asked less."""
    honest, other = company.hand_out("honest", "b"), company.hand_out("other", "b")
    names = ("missing", "nonsense", "nested", "beside", "deep")
    folders = {name: Path(shutil.copytree(honest, honest.with_name(name))) for name in names}
    (folders["missing"] / manifest.NAME).unlink()
    (folders["nonsense"] / manifest.NAME).write_text('{"hmac_sha256": "\\ud800"}', encoding="utf-8")
    (folders["deep"] / manifest.NAME).write_text("[" * 100_000, encoding="utf-8")
    edit(other, {"candidate": "somebody"})
    (folders["nested"] / "old").mkdir()
    shutil.copyfile(other / manifest.NAME, folders["nested"] / "old" / manifest.NAME)
    assert company.export("third", candidate="third").code == 0
    (folders["beside"] / "old").mkdir()
    shutil.copyfile(company.unpack("third") / manifest.NAME, folders["beside"] / "old" / manifest.NAME)
    shutil.rmtree(company.place / "inbox/third")
    for folder in (company.place / "inbox").iterdir():
        solve(folder, "b")
    assert company.grade().code == 0
    found = company.rows()
    assert {name: row["points"] for name, row in found.items()} == {
        "honest": "8", "nested": "8", "other": "5", "missing": "5", "nonsense": "5", "beside": "5", "deep": "5",
    }  # fmt: skip
    assert not found["honest"]["remarks"]
    assert "nobody knows which variant" in found["missing"]["remarks"]
    assert "several authentic manifests of take-homes, for candidate" in found["beside"]["remarks"]
    for name in ("nonsense", "other", "nested", "deep"):
        assert "not authentic" in found[name]["remarks"], name
    ran = run_katas("grade", honest, "--katas", "1", "--out", company.place / "keyless", cwd=company.course)
    assert ran.code == 0
    assert "without --key-file" in rows(company.place / "keyless")["honest"]["remarks"]
    (company.place / "another.key").write_text("x" * 64, encoding="utf-8")
    company.grade("--key-file", company.place / "another.key")
    assert "not authentic" in company.rows()["honest"]["remarks"]


def test_held_back_checks_are_those_of_the_variant(company: Company) -> None:
    """What the course's held-back checks have for the task that differs is left out, and the variant's own come in."""
    for variant in BOTH:
        solve(company.hand_out(variant, variant), variant)
    solve(company.hand_out("copied", "b"), "a")
    ran = company.grade("--held-back", "--seed-file", company.place / "seed.txt")
    assert ran.code == 0, ran.err
    found = company.rows()
    assert {name: (row["held_back_passed"], row["held_back"]) for name, row in found.items()} == {
        "a": ("2", "2"),
        "b": ("3", "3"),
        "copied": ("1", "3"),
    }
    # A folder of the company's own may have some for the variant alone, with or without a folder for each kata.
    for number, place in enumerate(("own/variant", "own/01_passes/variant")):
        (company.course / place).mkdir(parents=True)
        shutil.copy(company.course / "solutions/01_passes/variant/test_passes_held_back.py", company.course / place)
        ran = company.grade("--held-back", "own", "--seed-file", company.place / "seed.txt")
        assert ran.code == 0, ran.err
        assert [row["held_back"] for row in company.rows().values()] == ["0", f"{2 + 2 * number}", f"{2 + 2 * number}"]


def test_the_courses_own_variants_have_held_back_checks(tmp_path: Path) -> None:
    """Kata 11 in variant b, whose answer is right, and right for the other variant: only task 3 tells them apart."""
    seed = tmp_path / "seed.txt"
    seed.write_bytes(SEED)
    kata = catalog.load(ROOT / "katas/11_timeouts")
    names = (f"candidate {number}" for number in range(100))
    candidate = next(name for name in names if variants.chosen(kata, ROOT, SEED, name) == "b")
    keys = ("--key-file", tmp_path / "key", "--seed-file", seed)
    words = ("--katas", "11", "--candidate", candidate, *keys)
    assert run_katas("export", "takehome", tmp_path / "test.zip", *words, cwd=ROOT).code == 0
    solutions = ROOT / "solutions/11_timeouts"
    for name, answer in {"right": solutions / "variant/timeouts.py", "copied": solutions / "timeouts.py"}.items():
        with zipfile.ZipFile(tmp_path / "test.zip") as archive:
            archive.extractall(tmp_path / name)
        shutil.move(tmp_path / name / "test", tmp_path / "inbox" / name)
        shutil.copy(answer, tmp_path / "inbox" / name / "katas/11_timeouts")
    asked_for = ("--katas", "11", "--held-back", *keys, "--out", tmp_path / "out")
    ran = run_katas("grade", tmp_path / "inbox", *asked_for, cwd=ROOT)
    assert ran.code == 0, ran.err
    found = {name: (row["variants"], row["held_back"]) for name, row in rows(tmp_path / "out").items()}
    assert found["right"] == found["copied"]
    assert found["right"][0] == "11 b"
    question = (
        "SELECT submission, task, outcome = 'passed', count(*) FROM held_back JOIN gradings ON id = grading "
        "WHERE name LIKE 'test_%' GROUP BY 1, 2, 3 ORDER BY 1, 2"
    )
    assert asked(tmp_path / "out/gradebook.sqlite", question) == [
        ("copied", 1, 1, 2),
        ("copied", 2, 1, 3),
        ("copied", 3, 0, 3),
        ("right", 1, 1, 2),
        ("right", 2, 1, 3),
        ("right", 3, 1, 3),
    ]


def test_a_course_that_has_changed_since_is_named(company: Company) -> None:
    """What was handed out with another version is graded with today's, and the report says so."""
    solve(company.hand_out("ada", "b"), "b")
    with (company.course / "takehome/01_passes/checks.py").open("a", encoding="utf-8") as stream:
        stream.write("# another one\n")
    assert company.grade().code == 0
    found = company.rows()["ada"]
    assert found["points"] == "8"
    assert "It was handed out with version " in found["remarks"]


def test_the_gradebook_knows_the_variants(company: Company) -> None:
    """Where the checks of a variant have changed, a gradebook that was begun before is refused."""
    company.hand_out("ada", "a")
    assert company.grade().code == 0
    with (company.course / "takehome/01_passes/checks.py").open("a", encoding="utf-8") as stream:
        stream.write("# another one\n")
    ran = company.grade()
    assert ran.code == 2
    assert "whose checks are others" in ran.err


def test_a_rubric_counts_the_checks_of_a_variant(company: Company) -> None:
    """Checks are named as in the variant they belong to."""
    solve(company.hand_out("bob", "b"), "b")
    rubric = company.place / "rubric.toml"
    rubric.write_text("[katas.passes.checks]\ntest_sum = 7\ntest_product = 15\n", encoding="utf-8")
    assert company.grade("--rubric", rubric).code == 0
    assert company.rows()["bob"]["points"] == "20"


def test_the_same_call_gives_the_same_test(company: Company) -> None:
    """The variant depends on the seed and the candidate; among many, both occur about as often."""
    for name in ("one", "two"):
        assert company.export(name, candidate="Ada").code == 0
    one, two = (json.loads((company.unpack(name) / manifest.NAME).read_bytes()) for name in ("one", "two"))
    differ = {"handed_out", "hmac_sha256", "files"}
    assert {name: one[name] for name in one.keys() - differ} == {name: two[name] for name in two.keys() - differ}
    kata = catalog.load(company.course / "katas/01_passes")
    drawn = [variants.chosen(kata, company.course, SEED, f"{number}") for number in range(400)]
    assert 150 < drawn.count("a") < 250
    assert drawn != [variants.chosen(kata, company.course, b"another seed", f"{number}") for number in range(400)]


def test_the_key_is_made_once_and_for_its_owner(company: Company) -> None:
    """A file that does not exist is made; the key itself is in nothing that is handed out or reported."""
    folder = company.hand_out("ada", "a")
    key = company.key.read_bytes()
    assert len(key.strip()) == 64
    if os.name == "posix":
        assert stat.S_IMODE(company.key.stat().st_mode) == 0o600
    company.grade()
    assert company.key.read_bytes() == key
    for place in (folder, company.place / "out"):
        files = [path for path in place.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if key.strip() in path.read_bytes() or SEED in path.read_bytes()]


def test_what_cannot_be_written_is_said(company: Company) -> None:
    """Names that are taken or odd, katas that are not there, keys that are too short."""
    assert company.export("ada").code == 0
    before = (company.place / "ada.zip").read_bytes()
    assert "ada.zip exists already" in company.export("ada").err
    assert (company.place / "ada.zip").read_bytes() == before
    ran = run_katas("export", "takehome", company.place / "ada", cwd=company.course)
    assert (ran.code, "is not called like a zip archive" in ran.err) == (2, True)
    assert "There is no kata 'nine'" in company.export("x", "--katas", "nine").err
    (company.place / "short").write_text("short", encoding="utf-8")
    assert "needs at least 16" in company.export("x", "--key-file", company.place / "short").err
    assert not (company.place / "x.zip").exists()
    shutil.rmtree(company.course / "takehome")
    ran = company.export("x")
    assert (ran.code, "No kata here has variants." in ran.err) == (2, True)
    assert company.export("x", "--katas", "1,fails").code == 0
    assert (company.unpack("x") / "katas/02_fails/fails.py").exists()


def test_what_a_candidate_can_do_with_it(company: Company) -> None:
    """The part of the grader that is there is whole: every command it lists runs, and none is a marker's."""
    folder = company.hand_out("ada", "b")
    ran = run_handed_out(folder, "--help")
    listed = re.findall(r"^  ([a-z]+) ", ran.out.partition("Commands:")[2], re.MULTILINE)
    assert listed == ["check", "hint", "init", "list", "next", "reset", "solution", "update", "watch"]
    for name in listed:
        assert run_handed_out(folder, name, "--help").code == 0
    assert run_handed_out(folder, "grade", ".").code == 2
    # It names commands that run without anything on the path, and promises no hints and no solutions.
    told = check(folder).out
    assert "run python -m asyncio_katas check 01 and read the first failure" in told
    assert "Stuck?" not in told
    assert "python -m asyncio_katas list" in told
    ran = run_handed_out(folder, "solution", "1")
    assert (ran.code, ran.err) == (2, "A take-home comes without solutions.\nNext: python -m asyncio_katas check 1\n")
    solve(folder, "b")
    assert run_handed_out(folder, "reset", "1").code == 0
    assert "raise NotImplementedError" in (folder / KATA).read_text(encoding="utf-8")
    for form in ("html", "markdown", "junit", "gradescope"):
        assert check(folder, "--format", form).code == 1
    (folder / KATA).with_name("test_passes.py").unlink()
    ran = check(folder)
    assert ran.code == 2
    again = ran.err.rpartition("Next: python ")[2].split()
    subprocess.run([sys.executable, *again[:-2], company.place / "ada.zip", company.place / "again"], check=True)
    assert (company.place / "again/ada" / KATA).with_name("test_passes.py").exists()


def test_nothing_it_imports_is_left_out(company: Company) -> None:
    """Each module that a handed-out one imports at its top is handed out too."""
    package = company.hand_out("ada", "a") / "graders/asyncio_katas"
    for path in package.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncio_katas"):
                places = [package.parent / (node.module or "").replace(".", "/")]
                if places[0].is_dir() and not (places[0] / "__init__.py").stat().st_size:
                    places = [places[0] / alias.name for alias in node.names]
                assert all(place.is_dir() or place.with_suffix(".py").exists() for place in places), (path, node.module)


@pytest.mark.parametrize("katas", ["6,10,11", "1,2,3,4,5,7,8,9,12,13"])
def test_no_solution_is_in_there(tmp_path: Path, katas: str) -> None:
    """No answer, no line of a held-back check, no examination and no hint, in none of the variants."""
    words = ("--katas", katas, "--key-file", tmp_path / "key")
    assert run_katas("export", "takehome", tmp_path / "test.zip", *words, cwd=ROOT).code == 0
    with zipfile.ZipFile(tmp_path / "test.zip") as archive:
        told = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    given = {
        passage
        for pattern in (".stubs/*.py", "katas/*/*.py", "katas/*/*.md", "takehome/*/*.py")
        for path in ROOT.glob(pattern)
        for passage in passages(path.read_text(encoding="utf-8"))
    }
    secret = {
        passage for path in (ROOT / "solutions").rglob("*.py") for passage in passages(path.read_text(encoding="utf-8"))
    } - given
    assert len(secret) > 10_000
    assert not [name for name, text in told.items() if not secret.isdisjoint(passages(text))]
    assert not [name for name in told if "solutions" in name or "takehome" in name or "exam" in name]
    held = [path.read_text(encoding="utf-8") for path in (ROOT / "solutions").glob("**/test_*_held_back.py")]
    assert len(held) == 13 + 3
    public = ("katas/*/test_*.py", ".stubs/*.py", "takehome/*/*.py", "graders/**/*.py")
    lines = {line for text in held for line in telling(text)}
    lines -= {line for text in texts(ROOT, *public) for line in telling(text)}
    assert len(lines) > 800
    assert not [name for name, text in told.items() if not lines.isdisjoint(telling(text))]
    metas = [tomllib.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("katas/*/kata.toml")]
    hints = [hint for meta in metas for task in meta["tasks"] for hint in task["hints"]]
    assert len(hints) == 13 * 9
    assert not [name for name, text in told.items() for hint in hints if hint in text]


def test_it_needs_python_and_pip_alone(company: Company) -> None:
    """In a new environment, by the commands of INSTRUCTIONS.md; its packages are those that a learner needs."""
    folder = company.hand_out("ada", "b")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dependencies"] == ours["project"]["dependencies"]
    assert project["tool"]["pytest"] == ours["tool"]["pytest"]
    venv.create(folder / ".venv", with_pip=True)
    programs = folder / ".venv" / ("Scripts" if os.name == "nt" else "bin")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        done = [str(programs / words[0]), *words[1:]]
        return subprocess.run(
            done, cwd=folder, env=clean(), capture_output=True, encoding="utf-8", timeout=400, check=False
        )

    documented = re.findall(r"^\.venv/bin/(python .*)$", (folder / "INSTRUCTIONS.md").read_text("utf-8"), re.MULTILINE)
    install, checking = (line.split() for line in documented)
    done = run(*install)
    assert done.returncode == 0, done.stderr
    assert "solved 0 of 1" in run(*checking).stdout
    solve(folder, "b")
    done = run(*checking)
    assert done.returncode == 0, done.stderr
    plain = run("pytest", "-q", "katas")
    assert plain.returncode == 0, plain.stdout
    assert run("katas", "--version").stdout.split()[-1] == __version__


def test_variants_are_proved(company: Company) -> None:
    """Right answers pass, wrong ones fail where they say, and the references do not do for each other."""
    size = {"number of checks", "right answers", "wrong answers", "held-back checks"}

    def problems(label: str) -> list[str]:
        ran = run_katas("verify", "1", cwd=company.course)
        assert ran.code == 1
        part = ran.out.partition(f"✗ {label}  ")[2].partition("\n")[2].partition("\n ✗")[0].splitlines()
        found = [line.strip() for line in part[: next((n for n, text in enumerate(part) if text[:4] != "    "), None)]]
        return [line for line in found if line and not any(line.startswith(f"course {name}") for name in size)]

    ran = run_katas("verify", "1", "--format", "markdown", cwd=company.course)
    assert "| 01_passes b | 1/1 | 3/3 | 8/8 | 6/6 | 3/3 | 0/0 |" in ran.out
    assert problems("01_passes b") == []
    other, checks = company.course / "solutions/01_passes/variant", company.course / "takehome/01_passes/checks.py"
    (other / "right/way_0.py").write_text(RIGHT["a"], encoding="utf-8")
    (other / "wrong/mistake_0.py").write_text(RIGHT["b"], encoding="utf-8")
    (other / "more.txt").touch()
    held = other / "test_passes_held_back.py"
    held.write_text(held.read_text(encoding="utf-8").replace("* 5", "- 5"), encoding="utf-8")
    found = problems("01_passes b")
    assert "held back passes.py: test_other_numbers_5: failed, in round 1" in found
    assert any(line.startswith("right way_0.py: test_product: failed") for line in found), found
    assert "wrong mistake_0.py: it passes every check" in found
    assert "course stray files: files that do not belong here: more.txt" in found
    checks.write_text(checks.read_text(encoding="utf-8").replace("24", "9"), encoding="utf-8")
    assert "wrong passes.py for b: the reference of the other variant passes every check" in problems("01_passes b")
    (other / "passes.py").write_text(RIGHT["b"].replace("Hello", "Hi"), encoding="utf-8")
    assert any(
        line.startswith("wrong passes.py for a: the reference of the other variant should fail in task 3: test_greet")
        for line in problems("01_passes b")
    )


def test_a_composed_kata_is_the_courses_own_up_to_the_task(company: Company, tmp_path: Path) -> None:
    """The check file is as it was sealed, its first tasks are the course's, and the last is the variant's."""
    own = catalog.load(company.course / "katas/01_passes")
    kata = variants.lay_out(own, company.course, "b", tmp_path / "b")
    assert (kata.changed, kata.label, kata.variant) == (False, "01_passes b", "b")
    assert kata.checks[:3] == own.checks[:3]
    assert [check.id for check in kata.checks[3:]] == ["test_product"]
    assert kata.tasks[:2] == own.tasks[:2]
    assert kata.tasks[2].title == "The product"
    same = variants.lay_out(own, company.course, "a", tmp_path / "a")
    assert (same.digest, same.tasks, same.checks) == (own.digest, own.tasks, own.checks)
