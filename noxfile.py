"""Sessions: `check` for learners (the default), the others for those who work on the course itself."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "graders"))

from asyncio_katas import language  # noqa: E402
from asyncio_katas.language import say  # noqa: E402

# Most tests wait for processes they have started, so that twice as many as there are cores can run at a time.
_ALL_TESTS = ["tests", "--numprocesses", str(2 * (os.cpu_count() or 1)), "--dist", "worksteal"]
FOR_LEARNERS = {"check", "hint", "list", "next", "reset", "solution", "update", "watch"}

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["check"]
nox.options.error_on_missing_interpreters = True


def _is_for_learners(arguments: list[str]) -> bool:
    """Tell from nox's own arguments whether a learner is to read the screen."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    named = [word for flag, word in pairwise(own) if flag in {"-s", "--session", "--sessions"}]
    return set(named) <= FOR_LEARNERS and not set(own) & {"-l", "--list", "-e", "-t", "-v", "--verbose", "-h", "--help"}


def _explain_missing_dashes(arguments: list[str]) -> None:
    """Stop when a kata stands where nox expects its own words: `nox -s check 11` is a natural slip."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    katas = [word for word in own if word.isdigit()]
    named = [word for word in own if word in FOR_LEARNERS]
    if katas and (own[:1] == katas[:1] or named):
        again = f"nox -s {named[0] if named else 'check'} -- {' '.join(katas)}"
        print(say("Two dashes are missing in front of the kata."), file=sys.stderr)
        print(say("Next: {command}", command=again), file=sys.stderr)
        sys.exit(2)


# Everything behind nox's two dashes is for the command, which knows the option by this name too.
language.use(language.chosen(sys.argv, os.environ))
_explain_missing_dashes(sys.argv[1:])
if _is_for_learners(sys.argv[1:]):
    # What learners read is the report; nox's account of itself would stand above and below it.
    logging.getLogger("nox").setLevel(logging.ERROR)


def _install(session: nox.Session, *groups: str, extra: str = "") -> None:
    """Install the project into the session's environment, unless that has been done for this pyproject.toml."""
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode() + repr((groups, extra)).encode()
    )
    stamp = Path(session.virtualenv.location) / "installed-for.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted.hexdigest():
        return
    if session.name in FOR_LEARNERS:
        print(say("Setting up the environment; this happens once and takes a few seconds."), flush=True)
    # As pip does and uv does not: a grading process writes no bytecode, and would compile pytest anew each time.
    compiling = {"UV_COMPILE_BYTECODE": "1"}
    session.install("--quiet", "--editable", f"{ROOT}{extra}", *groups, silent=True, env=compiling)
    stamp.write_text(wanted.hexdigest(), encoding="utf-8")


def _katas(session: nox.Session, *arguments: str, extra: str = "") -> None:
    """Run the command `katas` and leave with its exit code, which nox would otherwise flatten to 1."""
    _install(session, extra=extra)
    # Its messages name other commands the way this one was called.
    environment = os.environ | {"ASYNCIO_KATAS_COMMAND": "nox -s check --"}
    process = subprocess.Popen([f"{session.bin}/python", "-P", "-m", "asyncio_katas", *arguments], env=environment)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # The terminal has told the command too; what it says comes first.
        code = process.wait()
    if code:
        sys.exit(code)


_asked: list[str] = []


@nox.session
def check(session: nox.Session) -> None:
    """Check your answers. `nox -s check -- 06` for one kata, `nox -s check -- --help` for more."""
    _katas(session, _asked.pop() if _asked else "check", *session.posargs)


def _in_the_environment_of_check(session: nox.Session) -> None:
    """Let the session `check` run another command: one environment serves everything a learner does."""
    _asked.append(session.name.partition("-")[0])
    session.notify("check", session.posargs)


@nox.session(venv_backend="none")
def hint(session: nox.Session) -> None:
    """Give the next hint for the kata in work, or `-- 06` for another one."""
    _in_the_environment_of_check(session)


@nox.session(venv_backend="none")
def reset(session: nox.Session) -> None:
    """Put a stub back, `-- 06`; what you wrote is kept."""
    _in_the_environment_of_check(session)


@nox.session(venv_backend="none")
def solution(session: nox.Session) -> None:
    """Show other right answers beside yours, `-- 06`, once it is solved."""
    _in_the_environment_of_check(session)


@nox.session(name="list", venv_backend="none")
def list_katas(session: nox.Session) -> None:
    """List all katas: what is solved, and the hints taken."""
    _in_the_environment_of_check(session)


@nox.session(name="next", venv_backend="none")
def next_kata(session: nox.Session) -> None:
    """Go on to the next unsolved kata."""
    _in_the_environment_of_check(session)


@nox.session(venv_backend="none")
def update(session: nox.Session) -> None:
    """Take over the newest course; every file that you changed stays as it is."""
    _in_the_environment_of_check(session)


@nox.session(venv_backend="none")
def watch(session: nox.Session) -> None:
    """Check again whenever you save. `-- 06` begins with one kata."""
    _in_the_environment_of_check(session)


@nox.session
def verify(session: nox.Session) -> None:
    """Prove that the checks judge rightly. `nox -s verify -- 06` for one kata, `-- --help` for more."""
    _katas(session, "verify", *session.posargs)


@nox.session
def grade(session: nox.Session) -> None:
    """Grade a class: `nox -s grade -- SUBMISSIONS`, a folder with an entry for each; `-- --help` for more."""
    clustered = any(word.startswith("--scheduler") for word in session.posargs)
    _katas(session, "grade", *session.posargs, extra="[teacher,cluster]" if clustered else "[teacher]")


@nox.session
def export(session: nox.Session) -> None:
    """Hand the course out: `-- classroom DEST`, a template repository; `-- takehome DEST.zip`, a test; `-- --help`."""
    _katas(session, "export", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the project's own tests."""
    _install(session, "--group", "dev")
    session.run("pytest", *(session.posargs or _ALL_TESTS))


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the project's own tests, and tell which lines and branches of the grader none of them enters."""
    _install(session, "--group", "dev")
    # Children behind every layer may write where semaphores live, and read nothing of the course but their own.
    place = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else None) as folder:
        settings = shutil.copy(ROOT / "pyproject.toml", Path(folder, "coverage.toml"))
        with_settings = f"--rcfile={settings}"
        # The same on every Python; newer ones have another one too.
        session.env["COVERAGE_CORE"] = "ctrace"
        session.env["COVERAGE_FILE"] = str(Path(folder, ".coverage"))
        try:
            session.run("coverage", "run", with_settings, "-m", "pytest", *(session.posargs or _ALL_TESTS))
        finally:
            # A child that was killed leaves half a file, which cannot be combined with the others.
            session.run("coverage", "combine", "--quiet", with_settings, success_codes=[0, 1], silent=True)
            session.run("coverage", "report", with_settings)


@nox.session
def translate(session: nox.Session) -> None:
    """Find the texts that learners read, update and compile the catalogs, and say what is to be translated."""
    _install(session, "--group", "dev")
    session.run("python", "tests/translations.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Look for questionable code and layout."""
    _install(session, "--group", "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly: the grader and its tests together, each kata and each solution by itself."""
    _install(session, "--group", "dev")
    session.run("mypy", "graders", "noxfile.py", "build_course.py")
    # Folders whose files are imported under the same names are checked one by one.
    patterns = ("katas/*_*", "solutions/*_*", "solutions/*_*/variant", "takehome/*_*", "tests", "tests/lab")
    for folder in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        files = [str(path.relative_to(ROOT)) for path in sorted(folder.glob("*.py"))]
        session.run("mypy", *files, silent=True)


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the references in every small way that matters, and see whether a check notices."""
    _install(session, "--group", "mutants")
    session.run("python", "tests/mutants.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what grading costs, as ratios within one run; `-- watch` or `-- class` for only a part of it."""
    _install(session, "--group", "bench")
    session.run("python", "tests/bench.py", *session.posargs)


@nox.session(venv_backend="none")
def dev(session: nox.Session) -> None:
    """Make the .venv that editors find, with everything for the katas and for the project itself."""
    python = ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if shutil.which("uv"):
        session.run(
            "uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(ROOT / ".venv"), external=True
        )
        installer = ["uv", "pip", "install", "--quiet", "--python", str(python)]
    else:
        session.run(sys.executable, "-m", "venv", str(ROOT / ".venv"), external=True)
        session.run(str(python), "-m", "pip", "install", "--quiet", "--upgrade", "pip", external=True)
        installer = [str(python), "-m", "pip", "install", "--quiet"]
    session.run(*installer, "--editable", str(ROOT), "--group", "dev", external=True)
    print(say("Done. Let your editor use {folder}; pytest runs the katas there.", folder=python.parent.parent))
