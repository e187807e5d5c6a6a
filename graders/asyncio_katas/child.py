"""The child: runs the checks of assembled katas under pytest and writes down what happened, line by line.

This is the only part of the grader in whose process a learner's file is ever imported.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

from asyncio_katas.isolation.alarm import alarm_to
from asyncio_katas.isolation.levels import Level
from asyncio_katas.isolation.settling import settle
from asyncio_katas.isolation.shield import Shield
from asyncio_katas.lab.messages import Message
from asyncio_katas.lab.plugin import VERDICT
from asyncio_katas.lab.verdicts import LeftTheCheck, Verdict, judge_import
from asyncio_katas.protocol import Job
from asyncio_katas.sealing import sealer

# Real seconds a check gets beyond its own limit before the process is ended from C.
HARD_GRACE_S = 8.0
# Real seconds for pytest to start, and for importing one answer and its checks.
START_LIMIT_S = 60.0
IMPORT_LIMIT_S = 10.0
# A kata in which this many checks never ended is not worth further waiting.
_ENDLESS_CHECKS = 2
_MAX_OUTPUT = 4_000
_MAX_FILE_BYTES = 16_000_000

# The plugins of pytest that checks need.
PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout", "asyncio_katas.lab.plugin")
# Those that a check does not need; each costs start-up time or gets in the way of the verdict.
_WITHOUT = ("cacheprovider", "faulthandler", "terminal", "logging", "warnings", "doctest", "junitxml", "pastebin",
            "unraisableexception", "threadexception", "stepwise", "setuponly", "setupplan", "debugging")  # fmt: skip


def main() -> None:
    """Run one job that comes on standard input, below the folder named first; standard output is the journal.

    The isolation level stands second; `portable`, when it stands third, says to do without what only POSIX has.
    """
    orders, journal = os.dup(0), os.dup(1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    # Process pools of checks and answers would import this module, and pytest with it, into each of their workers.
    program = sys.modules["__main__"]
    program.__spec__ = None
    program.__dict__.pop("__file__", None)
    run(sys.argv[1], orders, journal, Level(sys.argv[2]), portable=sys.argv[3:] == ["portable"])


def run_forked(root: str, orders: Any, journal: Any, level: str) -> None:
    """Run one job in a process forked from a warm server; orders and journal come and go through connections."""
    _keep_apart()
    run(root, orders.fileno(), journal.fileno(), Level(level), portable=False)


def serve(root: str, requests: socket.socket) -> None:
    """Get ready for learners' jobs, in a process forked from a warm server, and fork it for each that is requested."""
    _keep_apart()
    os.chdir(root)
    _limit_files()
    _run_pytest(root, Zygote(root, requests), portable=False)


def _keep_apart() -> None:
    """Leave the session of whoever grades, and its terminal."""
    os.setsid()
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)


def run(root: str, orders: int, journal: int, level: Level, *, portable: bool) -> None:
    """Wait for a job, run it, write the end record and leave at once, whatever threads the code under test left."""
    if level is Level.LEARNER:
        scratch = Path(root)
        os.chdir(scratch)
    else:
        scratch = settle(root, {orders, journal}, portable=portable)
    faulthandler.enable(journal)
    faulthandler.dump_traceback_later(START_LIMIT_S, exit=True, file=journal)
    if not portable:
        _limit_files()
    shield = None
    if level is not Level.LEARNER:
        shield = Shield(level, Path(root), scratch, alarm_to(journal))
    _run_pytest(root, Recorder(root, orders, journal, shield), portable=portable)


def _run_pytest(root: str, recorder: Recorder, *, portable: bool) -> None:
    """Run pytest with this recorder, and leave."""
    # Checks judge with `expect`; rewriting assert statements would only take time.
    options = ["--assert=plain", f"--rootdir={root}", f"-c{root}/pytest.ini", *(f"-pno:{name}" for name in _WITHOUT)]
    if portable:
        # As on a platform without SIGALRM: the limit in C is the only one.
        options.append("--timeout-method=thread")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    # Named with -p, each of them would be looked for among all that is installed, and that takes as long as a check.
    plugins = [recorder, *map(importlib.import_module, PLUGINS)]
    status = pytest.main([*options, root], plugins=plugins)
    recorder.write("end", status=int(status))
    os._exit(0)


def _wait(orders: int) -> Job:
    """Return the job that arrives; where nobody is left to send one, leave."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(orders, 1)
        if not piece:
            os._exit(0)
        line += piece
    return Job.of(line)


def _limit_files() -> None:
    if resource is None:
        return
    # A flood of output ends here, with an error at the line that prints.
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Recorder:
    """The pytest plugin that writes the journal."""

    def __init__(self, root: str, orders: int, journal: int, shield: Shield | None) -> None:
        self._root, self._orders, self._journal = root, orders, journal
        self._shield = shield
        self._seal: Callable[[bytes], bytes] | None = None
        self._skip = set[str]()
        self._until_failure = False
        self._endless: dict[str, int] = {}

    def write(self, event: str, **values: Any) -> None:
        """Append one record to the journal."""
        line = json.dumps({"event": event, **values}).encode()
        line += b" " + self._seal(line) + b"\n" if self._seal else b"\n"
        while line:
            line = line[os.write(self._journal, line) :]

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Wait for the job here: whatever came before is the same for all of them, and need not be waited for."""
        faulthandler.cancel_dump_traceback_later()
        # What is there by now stays: garbage collections need not look at it, nor copy it after a fork.
        gc.freeze()
        job = self._job(session)
        faulthandler.dump_traceback_later(START_LIMIT_S, exit=True, file=self._journal)
        self._skip = set(job.skip)
        self._until_failure = job.until_failure
        session.config.args = [str(Path(self._root, folder)) for folder in job.folders]
        self._seal = sealer(job.key) if job.key else None
        if self._shield:
            # Strangers' answers are run one by one.
            [folder] = job.folders
            self._shield.up(folder, folder.partition("_")[2])
            self.write("isolation", layers=self._shield.layers)
            self._shield.vet(folder, folder.partition("_")[2])

    def _job(self, _session: pytest.Session) -> Job:
        return _wait(self._orders)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """Import one kata; an import that fails, or tries to end the program, is that kata's affair alone."""
        if not isinstance(collector, pytest.Module):
            return (yield)
        slug = _slug(collector)
        self.write("import", kata=slug)
        faulthandler.dump_traceback_later(IMPORT_LIMIT_S, exit=True, file=self._journal)
        try:
            report = yield
        except BaseException as error:  # noqa: BLE001 - exit() and KeyboardInterrupt at import end nothing here
            self._broken(slug, error)
            return pytest.CollectReport(collector.nodeid, "failed", "broken", [])
        if report.outcome == "failed":
            self._broken(slug, _cause(report))
        elif self._shield:
            self._shield.imported(collector.obj)
        self.write("imported", kata=slug)
        return report

    def _broken(self, slug: str, error: BaseException) -> None:
        self.write("broken", kata=slug, **_record(judge_import(error)))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what earlier children have decided."""
        items[:] = [item for item in items if _name(item) not in self._skip]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Frame one check: a hard limit, a fresh import of the answer, and one verdict."""
        slug, name = _slug(item), _name(item)
        if self._endless.get(slug, 0) >= _ENDLESS_CHECKS:
            verdict = Verdict("not_run", Message("Not run: other checks of this kata never ended."))
            self.write("verdict", check=name, **_record(verdict))
            item.stash[VERDICT] = verdict
            item.add_marker(pytest.mark.skip)
            return (yield)
        faulthandler.dump_traceback_later(_limit(item) + HARD_GRACE_S, exit=True, file=self._journal)
        self.write("begin", check=name)
        result = yield
        if self._shield and isinstance(item, pytest.Function):
            self._shield.hold(item.module)
        if VERDICT not in item.stash:
            self.write("verdict", check=name, outcome="passed")
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Let everybody tidy up who has put something in place for the checks."""
        if self._shield:
            self._shield.down()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Nobody can press Ctrl-C here: what would end the whole run is the code's own doing."""
        try:
            return (yield)
        except (KeyboardInterrupt, pytest.exit.Exception) as error:
            raise LeftTheCheck(type(error).__name__) from error

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Write a failure down as soon as it is known: what comes after it may never end."""
        known = VERDICT in item.stash
        report = yield
        verdict = item.stash.get(VERDICT, None)
        if verdict is not None and not known:
            slug = _slug(item)
            self._endless[slug] = self._endless.get(slug, 0) + (verdict.outcome == "timeout")
            self.write("verdict", check=_name(item), **_record(verdict, report.capstdout + report.capstderr))
            if self._until_failure:
                item.session.shouldstop = "a check did not pass"
        return report


class Zygote(Recorder):
    """The recorder of a process that forks itself for each job that is requested of it, one after the other."""

    def __init__(self, root: str, requests: socket.socket) -> None:
        super().__init__(root, -1, -1, None)
        self._requests = requests

    def _job(self, session: pytest.Session) -> Job:
        """Return a job in the process that is forked for it, and only there."""
        while True:
            root, line, journal = _requested(self._requests)
            child = os.fork()
            if not child:
                return self._accept(session, root, line, journal)
            os.close(journal)
            # Here and there: whoever hears of the process may end its group at once.
            with contextlib.suppress(OSError):
                os.setpgid(child, child)
            self._requests.sendall(b"%d\n" % child)
            _, status = os.waitpid(child, 0)
            self._requests.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _accept(self, session: pytest.Session, root: str, line: bytes, journal: int) -> Job:
        os.setpgid(0, 0)
        self._requests.close()
        os.set_inheritable(journal, False)
        self._journal = journal
        self._root = root
        os.chdir(root)
        faulthandler.enable(journal)
        # What others before it have printed is not its own.
        os.lseek(1, 0, os.SEEK_SET)
        os.ftruncate(1, 0)
        session.config.pluginmanager.getplugin("capturemanager").read_global_capture()
        return Job.of(line)


def _requested(requests: socket.socket) -> tuple[str, bytes, int]:
    """Return the folder, the job's line and the journal that arrive; where nobody is left to send any, leave."""
    lines, journals = b"", list[int]()
    while lines.count(b"\n") < 2:
        piece, come, _, _ = socket.recv_fds(requests, 65536, 1)
        if not piece:
            os._exit(0)
        lines += piece
        journals += come
    root, line = lines.splitlines()
    return json.loads(root), line, journals[0]


def _slug(node: pytest.Item | pytest.Collector) -> str:
    return node.path.stem.removeprefix("test_")


def _name(item: pytest.Item) -> str:
    return f"{_slug(item)}::{item.name}"


def _limit(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0] if mark else item.config.getini("timeout"))


def _cause(report: Any) -> BaseException:
    error: BaseException = report.call.excinfo.value
    # pytest wraps what it knows how to explain; everything else arrives as it was.
    wrapped = isinstance(error, pytest.Collector.CollectError)
    return (error.__cause__ or error.__context__ or error) if wrapped else error


def _record(verdict: Verdict, output: str = "") -> dict[str, Any]:
    place = verdict.place
    return {
        "outcome": verdict.outcome,
        "message": asdict(verdict.message),
        "look": asdict(verdict.look) if verdict.look else None,
        "spot": {"path": place.path, "line": place.line, "source": place.source()[:200]} if place else None,
        "timeline": verdict.timeline,
        "mark": asdict(verdict.mark) if verdict.mark else None,
        "output": _cut(output),
    }


def _cut(output: str) -> str:
    if len(output) <= _MAX_OUTPUT:
        return output
    return f"{output[:_MAX_OUTPUT]}\n... and {len(output) - _MAX_OUTPUT} more characters"


if __name__ == "__main__":
    main()
