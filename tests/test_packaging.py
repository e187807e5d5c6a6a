"""What users install: built, put into a clean environment, and used there without the repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT
from test_formats import RUNNER, expect_result_v1

from asyncio_katas import __version__

BUILT_FROM = ["graders", "katas", ".stubs", "docs", "solutions"]
HOSTILE = [
    "graders",
    "asyncio_katas",
    "pytest",
    "_pytest",
    "click",
    "rich",
    "asyncio",
    "json",
    "sitecustomize",
    "katas",
]


@dataclass(frozen=True)
class Installed:
    """An environment that holds the package and nothing of the repository."""

    programs: Path

    def run(self, *words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment as a user would."""
        ours = ("PYTHON", "ASYNCIO_KATAS", "COURSE", "COVERAGE")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        program, *others = map(str, words)
        return subprocess.run(
            [str(self.programs / program), *others],
            cwd=cwd,
            env=clean | environment,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=400,
            check=False,
        )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist, built from a tree in which somebody has solved a kata and taken notes."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    leave = shutil.ignore_patterns("__pycache__")
    for name in BUILT_FROM:
        shutil.copytree(ROOT / name, tree / name, ignore=leave)
    for path in [*ROOT.glob("*.md"), ROOT / "LICENSE", ROOT / "pyproject.toml", ROOT / "build_course.py"]:
        shutil.copy(path, tree)
    shutil.copy(ROOT / ".gitignore", tree)
    for folder in (tree / "solutions").glob("[0-9]*"):
        shutil.copy(folder / f"{folder.name[3:]}.py", tree / "katas" / folder.name)
        (tree / "katas" / folder.name / "notes.txt").write_text("a learner's notes\n", encoding="utf-8")
    # Both at once builds the wheel from the sdist, as whoever gets only that does.
    words = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    subprocess.run(words, check=True, capture_output=True, timeout=400)
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(
    request: pytest.FixtureRequest, built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """A new environment into which one of the two was installed."""
    place = tmp_path_factory.mktemp(f"installed-{request.param}")
    venv.create(place, with_pip=True)
    programs = Installed(place / ("Scripts" if os.name == "nt" else "bin"))
    wanted = built[0 if request.param == "wheel" else 1]
    done = programs.run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted, cwd=place)
    assert done.returncode == 0, done.stderr
    return programs


@pytest.fixture
def mine(installed: Installed, tmp_path: Path) -> Path:
    """What `katas init` writes."""
    done = installed.run("katas", "init", "my-katas", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "my-katas"


def contents(archive: Path) -> Iterator[tuple[str, str]]:
    """Give every file of an archive, by its name."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name).decode("utf-8", "replace")
        return
    with tarfile.open(archive) as sdist:
        for member in sdist:
            stream = sdist.extractfile(member)
            if stream:
                yield member.name.partition("/")[2], stream.read().decode("utf-8", "replace")


def passages(text: str) -> Iterator[str]:
    """Give every four lines of code that follow each other, whatever their indentation."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    for at in range(len(lines) - 3):
        yield "\n".join(lines[at : at + 4])


@pytest.mark.parametrize("which", [0, 1], ids=["wheel", "sdist"])
def test_no_solution_is_in_there(built: tuple[Path, Path], which: int) -> None:
    """No file of solutions/, no passage of one, and no answer that lies in katas/, is in what users install."""
    found = dict(contents(built[which]))
    assert not [name for name in found if "solutions" in name or name.endswith("notes.txt")]
    # What a learner is given to begin with, a reference says too.
    given = {
        passage for path in (ROOT / ".stubs").glob("*.py") for passage in passages(path.read_text(encoding="utf-8"))
    }
    given |= {
        passage
        for path in ROOT.glob("katas/*/*")
        if path.is_file()
        for passage in passages(path.read_text(encoding="utf-8"))
    }
    secret = {
        passage: path
        for path in (ROOT / "solutions").rglob("*.py")
        for passage in passages(path.read_text(encoding="utf-8"))
        if passage not in given
    }
    assert len(secret) > 10_000
    told = {passage for name, text in found.items() if not name.endswith((".po", ".mo")) for passage in passages(text)}
    assert not {secret[passage] for passage in told & secret.keys()}
    answers = [name for name in found if re.search(r"katas/\d\d_\w+/(?!test_)\w+\.py$", name)]
    assert not answers


def test_the_version_has_one_source(built: tuple[Path, Path], installed: Installed, tmp_path: Path) -> None:
    """The files, their metadata and the command say what `asyncio_katas.__version__` says."""
    assert all(f"asyncio_katas-{__version__}" in path.name for path in built)
    metadata = next(text for name, text in contents(built[0]) if name.endswith("METADATA"))
    assert f"\nVersion: {__version__}\n" in metadata
    assert installed.run("katas", "--version", cwd=tmp_path).stdout.split()[-1] == __version__


def test_a_learner_needs_no_repository(installed: Installed, mine: Path) -> None:
    """From an empty folder to a solved kata, with hints, reset, reports and plain pytest on the way."""
    answer = mine / "katas/06_concurrency_limit/concurrency_limit.py"
    assert len(list(mine.glob("katas/*/kata.toml"))) == 13
    done = installed.run("katas", "check", cwd=mine, COLUMNS="100")
    assert (done.returncode, done.stderr) == (1, "")
    assert "solved 0 of 13" in done.stdout
    assert installed.run("katas", "hint", "6", cwd=mine).returncode == 0
    shutil.copy(ROOT / "solutions/06_concurrency_limit/concurrency_limit.py", answer)
    done = installed.run("katas", "check", "6", cwd=mine)
    assert (done.returncode, done.stderr) == (0, "")
    done = installed.run(
        "katas", "check", "6", "--lang", "zh-CN", "--format", "html", "--output", "report.html", cwd=mine
    )
    assert done.returncode == 0
    assert "检查" in (mine / "report.html").read_text(encoding="utf-8")
    plain = installed.run("pytest", "-q", "katas/06_concurrency_limit", cwd=mine)
    assert plain.returncode == 0, plain.stdout
    assert installed.run("katas", "reset", "6", cwd=mine).returncode == 0
    assert "raise NotImplementedError" in answer.read_text(encoding="utf-8")
    done = installed.run("katas", "update", cwd=mine)
    assert f"There is nothing newer at asyncio-katas {__version__}." in done.stdout


def test_the_autograder_for_classroom_50(installed: Installed, mine: Path) -> None:
    """The script of docs/formats.md grades a checkout by the package's checks, and ends as its runner wants."""
    documented = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^```python\n(.*?)^```", documented, re.MULTILINE | re.DOTALL)
    assert f"asyncio-katas=={__version__}" in script
    (mine.parent / "autograder.py").write_text(script, encoding="utf-8")
    shutil.copy(ROOT / "solutions/06_concurrency_limit/concurrency_limit.py", mine / "katas/06_concurrency_limit")
    checks = mine / "katas/07_async_protocols/test_async_protocols.py"
    checks.write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    done = installed.run("python", mine.parent / "autograder.py", cwd=mine, **RUNNER)
    assert done.returncode == 0, done.stderr
    result = json.loads((mine / "result.json").read_text(encoding="utf-8"))
    expect_result_v1(result)
    assert (result["score"], result["max-score"]) == (26, 322)


@pytest.mark.skipif(os.name == "nt", reason="Gradescope's machines are Linux")
def test_the_autograder_for_gradescope(installed: Installed, tmp_path: Path) -> None:
    """The scripts of docs/formats.md grade what was handed in, wherever the answers lie, by the package's checks."""
    documented = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    place = tmp_path / "autograder"
    scripts = re.findall(r"^```sh\n(.*?)^```", documented, re.MULTILINE | re.DOTALL)
    setup, run = (script.replace("/autograder", str(place)) for script in scripts)
    assert f"asyncio-katas=={__version__}" in setup
    (place / "results").mkdir(parents=True)
    handed_in = place / "submission"
    (handed_in / "10_gather_vs_wait").mkdir(parents=True)
    shutil.copy(ROOT / "solutions/06_concurrency_limit/concurrency_limit.py", handed_in)
    shutil.copy(ROOT / "solutions/10_gather_vs_wait/gather_vs_wait.py", handed_in / "10_gather_vs_wait")
    (handed_in / "test_timeouts.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    path = os.pathsep.join([str(installed.programs), os.environ["PATH"]])
    for name, script in {"setup.sh": setup, "run_autograder": run}.items():
        (place / name).write_text(script, encoding="utf-8")
        done = installed.run("/bin/sh", place / name, cwd=tmp_path, PATH=path)
        assert done.returncode == 0, done.stderr
    result = json.loads((place / "results/results.json").read_text(encoding="utf-8"))
    assert (result["score"], result["extra_data"]["max_score"]) == (50, 322)
    assert sum(test["score"] for test in result["tests"]) == 50


@pytest.mark.parametrize("words", [[], ["--isolate"]], ids=["together", "isolated"])
@pytest.mark.parametrize("portable", ["", "1"], ids=["posix", "portable"])
def test_the_working_directory_is_never_imported(
    installed: Installed, mine: Path, words: list[str], portable: str
) -> None:
    """Modules in the folder that are called like ours, or like what we use, are not imported by anything."""
    trap = "import os, pathlib\npathlib.Path(os.environ['TRAP']).touch()\nraise SystemExit(0)\n"
    trapped = mine.parent / "trapped"
    for place in (mine, mine / "katas", mine / "katas/06_concurrency_limit"):
        for name in HOSTILE:
            if name == "katas" and place == mine:
                continue
            (place / name).mkdir()
            (place / name / "__init__.py").write_text(trap, encoding="utf-8")
            (place / f"{name}.py").write_text(trap, encoding="utf-8")
        (place / "conftest.py").write_text(trap, encoding="utf-8")
    for place in (mine, mine / "katas/06_concurrency_limit"):
        ran = ["katas", "check", "6", "7", "--format", "json", *words]
        done = installed.run(*ran, cwd=place, TRAP=str(trapped), ASYNCIO_KATAS_PORTABLE=portable)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.count('"outcome": "not_started"') == 24 + 2
        assert not trapped.exists()
