"""`katas export classroom`: from the course to a template, a student's copy, what is handed in, and its grades."""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Ran
from ruamel.yaml import YAML
from test_formats import RUNNER, expect_result_v1
from test_grading import git

from asyncio_katas import __version__
from asyncio_katas.exporting import published
from asyncio_katas.records import KatasError

HANDED_OUT = ["graders", "katas", ".stubs", ".devcontainer", "solutions"]
FILES = ["noxfile.py", "pyproject.toml", "LICENSE", ".gitignore", "README.md", "build_course.py"]
SLUGS = {"concurrency_limit": "06_concurrency_limit", "gather_vs_wait": "10_gather_vs_wait"}
CHECKS = "katas/06_concurrency_limit/test_concurrency_limit.py"
ANSWER = "katas/06_concurrency_limit/concurrency_limit.py"
REUSABLE = ROOT / ".github/workflows/grade-submission.yml"
VERSION = f"v{__version__}"
# A line of a solution that is shorter may stand anywhere.
TELLING = 25


def run(tree: Path, *words: str | Path, cwd: Path | None = None, **environment: str) -> Ran:
    """Run the grader that lies in a tree."""
    ours = ("PYTHON", "ASYNCIO_KATAS", "COURSE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "asyncio_katas", *map(str, words)],
        cwd=cwd or tree,
        env=clean | {"PYTHONPATH": str(tree / "graders"), "COLUMNS": "100"} | environment,
        capture_output=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=500,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def commit(folder: Path, message: str) -> None:
    """Commit everything that lies in a folder, which becomes a repository if it is none."""
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", message)


def reference(slug: str) -> Path:
    return ROOT / "solutions" / SLUGS[slug] / f"{slug}.py"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher's clone, tagged, in which somebody has solved every kata since."""
    folder = tmp_path_factory.mktemp("course")
    leave = shutil.ignore_patterns("__pycache__")
    for name in HANDED_OUT:
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    for stub in (ROOT / ".stubs").glob("*.py"):
        shutil.copy(stub, next(folder.glob(f"katas/*_{stub.stem}")))
    commit(folder, "the course")
    git(folder, "tag", VERSION)
    git(folder, "remote", "add", "origin", "https://github.com/course/asyncio-katas.git")
    for solved in (ROOT / "solutions").glob("[0-9]*/"):
        shutil.copy(solved / f"{solved.name[3:]}.py", folder / "katas" / solved.name)
        (folder / "katas" / solved.name / "notes.txt").write_text("a teacher's notes\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def template(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes for two katas, as a repository."""
    folder = tmp_path_factory.mktemp("template") / "katas-2026"
    ran = run(tree, "export", "classroom", folder, "--katas", "6,10")
    assert (ran.code, ran.err) == (0, "")
    # The clone has the version, and it is the same but for the answers that lie in it.
    assert f"2 katas, graded by course/asyncio-katas at {VERSION}." in ran.out
    assert "Next: git" not in ran.out
    commit(folder, "asyncio katas")
    return folder


@pytest.fixture
def student(template: Path, tmp_path: Path) -> Path:
    """A student's repository, as it is made from a template: the same files, another history."""
    return copied(template, tmp_path / "student")


def copied(template: Path, place: Path) -> Path:
    shutil.copytree(template, place, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    commit(place, "Initial commit")
    return place


def texts(folder: Path, *patterns: str) -> Iterator[str]:
    for pattern in patterns:
        for path in folder.glob(pattern):
            if path.is_file() and path.suffix != ".mo":
                yield path.read_text(encoding="utf-8", errors="replace")


def telling(text: str) -> set[str]:
    """Return the lines of a text that tell something; what is imported is the least of a solution."""
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines if len(line) > TELLING and not line.startswith(("import ", "from "))}


def test_nothing_secret_is_handed_out(tree: Path, template: Path) -> None:
    """No line of a solution, of a held-back check or of an examination is there that a learner is not given anyway."""
    published_ = ("katas/*/test_*.py", "katas/*/README*.md", ".stubs/*.py")
    given = {line for text in texts(ROOT, *published_) for line in telling(text)}
    secret = {line for text in texts(ROOT, "solutions/**/*") for line in telling(text)} - given
    assert len(secret) > 5_000
    files = git(template, "ls-files").splitlines()
    assert not [name for name in files if re.search(r"solutions/|held_back\w*\.py$|exam_|notes", name)
                and not name.startswith("graders/asyncio_katas/marking/")]  # fmt: skip
    # The grader is the course's own, byte for byte, so nothing was added to it.
    graders = [name for name in files if name.startswith("graders/")]
    assert graders
    assert all((template / name).read_bytes() == (tree / name).read_bytes() for name in graders)
    others = [name for name in files if name not in graders]
    assert len(others) == 8 + 2 * 6
    told = {line for name in others for line in telling((template / name).read_text(encoding="utf-8"))}
    assert not told & secret


def test_only_what_learners_need(template: Path) -> None:
    """The stubs are stubs, the sessions those for learners, and dependencies the grader's own."""
    for slug, name in SLUGS.items():
        stub = (ROOT / ".stubs" / f"{slug}.py").read_bytes()
        assert (template / "katas" / name / f"{slug}.py").read_bytes() == stub
        assert (template / ".stubs" / f"{slug}.py").read_bytes() == stub
    words = [sys.executable, "-m", "nox", "--list", "--noxfile", str(template / "noxfile.py")]
    listed = subprocess.run(words, capture_output=True, check=True, encoding="utf-8", cwd=template)
    sessions = set(re.findall(r"^[*-] (\w+)", listed.stdout, re.MULTILINE))
    assert sessions == {"check", "dev", "hint", "list", "next", "reset", "solution", "update", "watch"}
    ours, theirs = (tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8")) for place in (ROOT, template))
    assert theirs["project"]["dependencies"] == ours["project"]["dependencies"]
    assert theirs["tool"]["pytest"] == ours["tool"]["pytest"]
    assert [name.partition(">")[0] for name in theirs["dependency-groups"]["dev"]] == ["nox"]
    for page in ("README.md", "README.zh-CN.md"):
        text = (template / page).read_text(encoding="utf-8")
        links = re.findall(r"\]\(((?!https)[^)]+)\)", text)
        assert len(links) == 3
        assert all((template / link).is_file() for link in links)
        assert "{" not in text


def forge(checks: Path) -> None:
    """Let every check pass."""
    text = checks.read_text(encoding="utf-8")
    names = re.findall(r"^@pytest\.mark\.task\((\d)\)\n(?:@.*\n)*(?:async )?def (test_\w+)", text, re.MULTILINE)
    lines = ["import pytest", *(f'@pytest.mark.task({task})\ndef {name}():\n    """Fine."""\n' for task, name in names)]
    checks.write_text("\n".join(lines), encoding="utf-8")


def test_from_the_template_to_the_grades(tree: Path, template: Path, tmp_path: Path) -> None:
    """One solves, one edits the checks, one the workflow: all get what they earned, and the teacher is told."""
    work, handed_in = tmp_path / "work", tmp_path / "class"
    ada, bob, cy = (copied(template, work / name) for name in ("ada", "bob", "cy"))
    for slug, name in SLUGS.items():
        shutil.copy(reference(slug), ada / "katas" / name)
    shutil.copy(reference("gather_vs_wait"), bob / "katas/10_gather_vs_wait")
    forge(bob / CHECKS)
    workflow = cy / ".github/workflows/grade.yml"
    workflow.write_text("on: push\njobs: {grade: {steps: [{run: 'echo 50/50'}]}}\n", encoding="utf-8")
    # What each sees with the grader of their own copy.
    ran = run(ada, "check")
    assert (ran.code, ran.err) == (0, "")
    assert "solved 2 of 2" in ran.out
    assert f"{CHECKS} differs from the course's checks." in " ".join(run(bob, "check").out.split())
    for place in (ada, bob, cy):
        commit(place, "My answers")
        git(tmp_path, "clone", "-q", str(place), str(handed_in / place.name))
    claimed = tmp_path / "claimed.csv"
    claimed.write_text("submission,points\nada,50\nbob,50\ncy,50\ndot,\n", encoding="utf-8")
    ran = run(tree, "grade", handed_in, "--katas", "6,10", "--claimed", claimed, "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    with (tmp_path / "out/grades.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["submission"]: row for row in csv.DictReader(stream)}
    assert {name: (row["points"], row["claimed"]) for name, row in rows.items()} == {
        "ada": ("50", "50"),
        "bob": ("24", "50"),
        "cy": ("0", "50"),
    }
    assert rows["ada"]["remarks"] == ""
    assert f"{CHECKS} is not the course's; changed checks count for nothing." in rows["bob"]["remarks"]
    assert "50 points are claimed, the checks give 24." in rows["bob"]["remarks"]
    assert rows["cy"]["remarks"] == "50 points are claimed, the checks give 0."
    assert "2 with other points claimed than the checks give:" in ran.out
    report = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert report.count("50 points are claimed") == 2


def test_a_newer_version_leaves_answers_alone(tree: Path, template: Path, tmp_path: Path) -> None:
    """The teacher exports over the template once more; a student takes it over, and keeps what is theirs."""
    newer = shutil.copytree(tree, tmp_path / "newer", ignore=shutil.ignore_patterns("solutions", ".git"))
    question = newer / "katas/06_concurrency_limit/README.md"
    question.write_text(question.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
    ours = tmp_path / "template"
    git(tmp_path, "clone", "-q", str(template), str(ours))
    mine = copied(ours, tmp_path / "mine")
    shutil.copy(reference("concurrency_limit"), mine / ANSWER)
    commit(mine, "My answer")
    git(ours, "rm", "-rq", ".")
    words = ("--katas", "6,10", "--course", "course/asyncio-katas", "--at", "v0.2.0")
    ran = run(newer, "export", "classroom", ours, *words)
    assert (ran.code, ran.err) == (0, "")
    assert "Next: git tag v0.2.0 && git push origin v0.2.0" in ran.out
    commit(ours, "A newer version")
    ran = run(mine, "update", "--from", ours)
    assert (ran.code, ran.err) == (0, "")
    assert (mine / ANSWER).read_bytes() == reference("concurrency_limit").read_bytes()
    assert "One sentence more." in (mine / "katas/06_concurrency_limit/README.md").read_text(encoding="utf-8")
    assert "grade-submission.yml@v0.2.0" in (mine / ".github/workflows/grade.yml").read_text(encoding="utf-8")


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = YAML(typ="safe").load(REUSABLE)["jobs"]["grade"]["steps"]
    return found


def filled(text: str, values: dict[str, str]) -> str:
    """Return a text of a workflow with its expressions evaluated; one that is not known here is an error."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: values[match[1]], text)


@pytest.mark.skipif(os.name == "nt", reason="hosted runners that grade are Linux")
@pytest.mark.parametrize("runner", [{}, RUNNER], ids=["plain", "classroom50"])
def test_the_workflow_grades_by_the_courses_checks(
    tree: Path, student: Path, tmp_path: Path, runner: dict[str, str]
) -> None:
    """Its scripts, run one after the other on a submission with forged checks: the score is right, and all is named."""
    shutil.copy(reference("gather_vs_wait"), student / "katas/10_gather_vs_wait")
    forge(student / CHECKS)
    (student / "graders/asyncio_katas/scoring.py").unlink()
    (student / "katas/10_gather_vs_wait/kata.toml").write_bytes(
        (student / "katas/10_gather_vs_wait/kata.toml").read_bytes().replace(b"\n", b"\r\n")
    )
    space = tmp_path / "workspace"
    shutil.copytree(student, space / "submission")
    leave = shutil.ignore_patterns("solutions", ".git", "__pycache__")
    shutil.copytree(tree, space / "course", ignore=leave)
    for stub in (tree / ".stubs").glob("*.py"):
        shutil.copy(stub, next(space.glob(f"course/katas/*_{stub.stem}")))
    grader = tmp_path / "temp/grader/bin/python"
    grader.parent.mkdir(parents=True)
    grader.write_text(
        f'#!/bin/sh\nPYTHONPATH="{space}/course/graders" exec "{sys.executable}" "$@"\n', encoding="utf-8"
    )
    grader.chmod(0o755)
    values = {
        "job.workflow_repository": "course/asyncio-katas",
        "job.workflow_sha": "0" * 40,
        "inputs.katas": "06 10",
    }
    summary, results = "", tmp_path / "env"
    results.touch()
    ran = []
    for number, step in enumerate(steps()):
        if "run" not in step or step["name"].startswith("Install"):
            continue
        own = tmp_path / f"summary-{number}"
        own.touch()
        environment = {name: filled(value, values) for name, value in step.get("env", {}).items()}
        done = script(step, space, environment | runner | {
            "RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_STEP_SUMMARY": str(own), "GITHUB_ENV": str(results),
        })  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        summary += own.read_text(encoding="utf-8")
        ran.append(step["name"])
    assert ran == ["Know the course", "Grade", "Name what was changed beside the answers"]
    assert "### 1 of 2 katas solved" in summary
    assert "### Changed: 2 files that are the course's" in summary
    named = re.findall(r"^- `(.+)`$", summary, re.MULTILINE)
    assert named == ["graders/asyncio_katas/scoring.py", CHECKS]
    told = dict(line.split("=", 1) for line in results.read_text(encoding="utf-8").splitlines())
    runners = told.pop("AUTOGRADING_RUNNERS").split(",")
    scored = [json.loads(base64.b64decode(told[f"{name.upper()}_RESULTS"])) for name in runners]
    assert sum(test["score"] for step in scored for test in step["tests"]) == 24
    assert sum(step["max_score"] for step in scored) == 50
    result = space / "submission/result.json"
    assert result.exists() == bool(runner)
    if runner:
        data = json.loads(result.read_text(encoding="utf-8"))
        expect_result_v1(data)
        assert (data["score"], data["max-score"]) == (24, 50)


def script(step: dict[str, Any], space: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one step as GitHub's runner does where `shell: bash` is named."""
    ours = ("PYTHON", "ASYNCIO_KATAS", "COURSE", "CLASSROOM")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=space / step.get("working-directory", "."),
        env=clean | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=500,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="hosted runners that grade are Linux")
def test_the_workflow_takes_no_course_on_trust(tmp_path: Path) -> None:
    """Where nothing says which course called it, the student's own checks would be the course's: it ends."""
    done = script(steps()[0], tmp_path, {"REPOSITORY": "course/asyncio-katas", "COMMIT": ""})
    assert done.returncode == 2
    assert "no course to grade with" in done.stdout


def test_workflows_are_valid_and_ask_for_little(template: Path) -> None:
    """All fit the published schema; what grades is pinned, may only read, and pastes nothing into scripts."""
    theirs = template / ".github/workflows/grade.yml"
    files = [*(ROOT / ".github/workflows").glob("*.yml"), theirs]
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*words, *map(str, files)], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout
    for file in (REUSABLE, theirs):
        text, data = file.read_text(encoding="utf-8"), YAML(typ="safe").load(file)
        assert data["permissions"] == {"contents": "read"}
        assert not [job for job in data["jobs"].values() if "permissions" in job or "secrets" in job]
        assert "secrets" not in text
        scripts = [step["run"] for job in data["jobs"].values() for step in job.get("steps", []) if "run" in step]
        assert not [script for script in scripts if "${{" in script]
    checkouts = [step["with"] for step in steps() if "checkout" in step.get("uses", "")]
    assert all(checkout["persist-credentials"] is False for checkout in checkouts)
    assert "solutions" not in checkouts[1]["sparse-checkout"]
    called = YAML(typ="safe").load(theirs)["jobs"]["grade"]
    assert called == {
        "uses": f"course/asyncio-katas/.github/workflows/{REUSABLE.name}@{VERSION}",
        "with": {"katas": "06 10"},
    }


def test_workflows_are_linted(template: Path, tmp_path: Path) -> None:
    """The linter finds nothing in any workflow, with shellcheck looking at their scripts; and it does look."""
    # Also where the tests are run without the environment's programs on the path.
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": programs}
    actionlint = shutil.which("actionlint", path=programs)
    if actionlint is None:
        pytest.skip("actionlint is not installed here; the project's own workflow runs it from its author's image")
    git(tmp_path, "init", "-q")
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    shutil.copy(template / ".github/workflows/grade.yml", tmp_path / ".github/workflows")

    def lint() -> str:
        done = subprocess.run(
            [actionlint, "-oneline"], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout

    assert lint() == ""
    copy = tmp_path / ".github/workflows" / REUSABLE.name
    text = copy.read_text(encoding="utf-8")
    copy.write_text(text.replace('>> "$GITHUB_STEP_SUMMARY"', ">> $GITHUB_STEP_SUMMARY"), encoding="utf-8")
    assert "shellcheck reported issue in this script: SC2086" in lint()
    copy.write_text(text.replace("inputs.katas", "inputs.kata"), encoding="utf-8")
    assert 'property "kata" is not defined' in lint()


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/owner/my.katas.git",
        "https://github.com/owner/my.katas/",
        "https://token@github.com/owner/my.katas",
        "git@github.com:owner/my.katas.git",
        "ssh://git@github.com/owner/my.katas",
    ],
)
def test_the_course_is_where_the_clone_came_from(tmp_path: Path, url: str) -> None:
    """Every way in which git writes a repository on GitHub is understood."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", url)
    assert published.find(tmp_path, None, None) == published.Published("owner/my.katas", VERSION)


@pytest.mark.parametrize(
    ("url", "repository", "version", "said"),
    [
        (None, None, None, "it has no `origin` there"),
        ("https://example.org/owner/katas.git", None, None, "it has no `origin` there"),
        (None, "katas", None, "'katas' is no repository on GitHub"),
        (None, "owner/katas@main", None, "is no repository on GitHub"),
        (None, "owner/katas", "--upload-pack=x", "is no tag, and no commit"),
    ],
)
def test_a_course_that_is_nowhere(
    tmp_path: Path, url: str | None, repository: str | None, version: str | None, said: str
) -> None:
    """What cannot be called from a workflow is refused, with what to give instead."""
    git(tmp_path, "init", "-q")
    if url:
        git(tmp_path, "remote", "add", "origin", url)
    with pytest.raises(KatasError, match=said):
        published.find(tmp_path, repository, version)


def test_what_cannot_be_exported(tree: Path, tmp_path: Path) -> None:
    """A folder with files in it is not touched, and checks that were changed are not handed out."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    ran = run(tree, "export", "classroom", tmp_path, "--katas", "6")
    assert (ran.code, ran.out) == (2, "")
    assert "is not empty, and nothing in it was touched." in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    changed = shutil.copytree(tree, tmp_path / "changed", ignore=shutil.ignore_patterns("solutions", ".git"))
    forge(changed / CHECKS)
    ran = run(changed, "export", "classroom", tmp_path / "out", "--katas", "6", "--course", "owner/katas")
    assert ran.code == 2
    assert f"{CHECKS} is not as it was published" in ran.err
    assert f"Next: git checkout -- {CHECKS}" in ran.err
    assert not (tmp_path / "out").exists()
