"""Running children: start, listen, end; and again, for whatever a child that died left undecided."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from asyncio_katas import sealing
from asyncio_katas.isolation import warden
from asyncio_katas.isolation.levels import Level
from asyncio_katas.lab.messages import Message
from asyncio_katas.protocol import MAX_BYTES, MAX_LINE, Job, Journal
from asyncio_katas.records import Finding, Observation, Outcome, Spot
from asyncio_katas.staging import Assembly

# Real seconds. The limits inside the child come first; these only catch one that is beyond their reach.
_START_S = 60.0
_GRACE_S = 10.0
_END_S = 5.0
_GLANCE_S = 0.25
_LAST_WORDS_S = 5.0
_UNHEARD = Finding(Outcome.NOT_RUN, Message("No verdict arrived for this check."))
# A learner's whole check goes to so many children: more would only wait for each other's start.
_MOST_CHILDREN = 4
# No check on the virtual clock alone asks for more.
_ORDINARY_LIMIT_S = 30.0
_PORTABLE = "ASYNCIO_KATAS_PORTABLE"
# What each run of pytest would import anew, and what that brings along; an absent one is left out.
_WARM = ("pytest_asyncio.plugin", "pytest_timeout", "_pytest.helpconfig", "_pytest.skipping", "_pytest.unittest",
         "unittest", "readline")  # fmt: skip
_QUIET_TRACKER = "ignore:resource_tracker:UserWarning"


class GraderFault(Exception):  # noqa: N818 - the word in the documentation
    """The grader itself failed; nobody's answer is to blame."""


def portable() -> bool:
    """Tell whether to do without what only POSIX has: fork, SIGALRM, process groups. Windows always does."""
    return os.name == "nt" or os.environ.get(_PORTABLE) == "1"


def can_fork() -> bool:
    """Tell whether a warm server can fork children here; workers of a cluster may not have any."""
    daemonic = multiprocessing.current_process().daemon
    return not portable() and not daemonic and "forkserver" in multiprocessing.get_all_start_methods()


class Obsolete(Exception):  # noqa: N818 - nothing went wrong
    """The grading was ended from outside: nobody wants to know any more."""


class Stop:
    """Ends a grading from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: list[Child] = []
        self.asked = False

    def ask(self) -> None:
        """End the grading at once."""
        with self._lock:
            self.asked = True
            for child in self._children:
                child.kill()

    @contextlib.contextmanager
    def reaches(self, child: Child) -> Iterator[None]:
        """Let whoever asks end this child, for as long as the block lasts."""
        with self._lock:
            self._children.append(child)
            if self.asked:
                child.kill()
        try:
            yield
        finally:
            # From here on its process is somebody else's to end.
            with self._lock:
                self._children.remove(child)


class Child(Protocol):
    """A started child that waits for its job: where its journal comes from, and how to end it with all it started.

    Whoever reads the journal closes it, and nobody else: a reader must not meet another file under the same number.
    """

    journal: IO[bytes]

    def begin(self, job: Job) -> None:
        """Hand the job over."""

    def kill(self) -> None:
        """End the child's whole process group, and leave everything else to `end`."""

    def alive(self) -> bool:
        """Tell whether the child itself still runs, whoever else may hold its journal open."""

    def end(self) -> int:
        """End the child's whole process group; return its exit code."""

    def complaint(self) -> str:
        """Return what the child wrote to its error stream before the journal began."""


class FreshChild:
    """A child in a new interpreter; `module` is the program it runs."""

    def __init__(self, root: str, level: Level, module: str = "asyncio_katas.child") -> None:
        self._warded = level is not Level.LEARNER and not portable() and warden.available()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        flags: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        how = ["portable"] if portable() else []
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-E", "-B", "-m", module, root, level, *how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=not portable(),
            creationflags=flags,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.pid = self._process.pid
        self.orders: IO[bytes] = self._process.stdin
        self.journal: IO[bytes] = self._process.stdout

    def begin(self, job: Job) -> None:
        """Hand the job over."""
        # One that has died by now has said so in the journal, or will be missed there.
        with contextlib.suppress(OSError):
            self.orders.write(job.line())
        with contextlib.suppress(OSError):
            self.orders.close()

    def alive(self) -> bool:
        """Tell whether the child itself still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the child's whole process group."""
        if self._warded and _dismiss(self._process.pid, self.alive, lambda: self._process.wait(_END_S)):
            return
        if not portable():
            # Also when the child itself has ended: what it started may be left.
            kill_group(self._process.pid)
        elif sys.platform == "win32":
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(self._process.pid)], capture_output=True, check=False)
        self._process.kill()

    def end(self) -> int:
        """End the child's whole process group; return its exit code."""
        self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        with contextlib.suppress(OSError):
            self.orders.close()
        return self._process.returncode or 0

    def complaint(self) -> str:
        """Return the end of what the child wrote to its error stream."""
        self._errors.seek(0)
        return self._errors.read()[-2000:].decode("utf-8", "replace")


class ForkedChild:
    """A child forked from a warm server that has pytest and the lab imported already."""

    def __init__(self, root: str, level: Level) -> None:
        self._warded = level is not Level.LEARNER and warden.available()
        reader, writer = _server().Pipe(duplex=False)
        orders, self._orders = _server().Pipe(duplex=False)
        # This brings pytest along, which a parent that only starts fresh interpreters has no use for.
        from asyncio_katas.child import run_forked  # noqa: PLC0415

        self._process = _server().Process(target=run_forked, args=(root, orders, writer, level.value))
        with _hidden_main:
            self._process.start()
        writer.close()
        orders.close()
        self.journal: IO[bytes] = os.fdopen(os.dup(reader.fileno()), "rb", buffering=0)
        reader.close()

    def begin(self, job: Job) -> None:
        """Hand the job over."""
        # One that has died by now will be missed in the journal.
        with contextlib.suppress(OSError):
            os.write(self._orders.fileno(), job.line())
        self._orders.close()

    def alive(self) -> bool:
        """Tell whether the child itself still runs."""
        return bool(self._process.is_alive())

    def kill(self) -> None:
        """End the child's whole process group."""
        assert self._process.pid is not None
        if self._warded and _dismiss(self._process.pid, self.alive, lambda: self._process.join(_END_S)):
            return
        kill_group(self._process.pid)
        self._process.kill()

    def end(self) -> int:
        """End the child's whole process group; return its exit code."""
        self.kill()
        self._process.join(_END_S)
        self._orders.close()
        return self._process.exitcode or 0

    def complaint(self) -> str:
        """Return nothing: a forked child has no error stream of its own."""
        return ""


class _HiddenMain:
    """Keeps a forked child from importing the program that grades: it needs none of it, and it would take time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hidden: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._lock.acquire()
        main = vars(sys.modules["__main__"])
        self._hidden = {name: main[name] for name in ("__spec__", "__file__") if name in main}
        main.update(dict.fromkeys(self._hidden))

    def __exit__(self, *_: object) -> None:
        vars(sys.modules["__main__"]).update(self._hidden)
        self._lock.release()


_hidden_main = _HiddenMain()


def _server() -> Any:
    # What a killed child leaves behind is tidied up at the end, which is nothing to tell anybody about.
    if _QUIET_TRACKER not in sys.warnoptions:
        sys.warnoptions.append(_QUIET_TRACKER)
    # The server and its tracker are interpreters of their own, and would look for modules in the working directory
    # first, where a stranger's files may lie.
    os.environ["PYTHONSAFEPATH"] = "1"
    context = multiprocessing.get_context("forkserver")
    # The last looks at everything that was imported before it.
    context.set_forkserver_preload(["asyncio_katas.child", *_WARM, "asyncio_katas.isolation.prepared"])
    return context


def kill_group(pid: int) -> None:
    """End every process of a group, if there is any."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _dismiss(pid: int, alive: Callable[[], bool], wait: Callable[[], object]) -> bool:
    """Tell a warden to end everything below it, and itself; tell whether it has."""
    if alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            wait()
    return not alive()


def start(root: str, *, warm: bool, level: Level = Level.LEARNER) -> Child:
    """Start a child that prepares itself and then waits for a job below `root`; `warm` forks it where that is done."""
    return ForkedChild(root, level) if warm and can_fork() else FreshChild(root, level)


def grade(
    assemblies: Sequence[Assembly],
    root: str,
    *,
    isolate: bool = False,
    level: Level = Level.LEARNER,
    until_failure: bool = False,
    waiting: Sequence[Child] = (),
    stop: Stop | None = None,
    told: Callable[[dict[str, Observation]], None] = lambda _: None,
) -> dict[str, Observation]:
    """Run the checks of all assemblies and return what was seen of each, by slug.

    Together they take a few children side by side; a kata that those leave unfinished gets children of its own, and
    with `isolate`, or a `level` above a learner's, every kata does from the start. With `until_failure` no check is run
    after the first of its child that does not pass. Children may have been `waiting` below this `root`, and are ended
    in any case. `told` hears what is known so far whenever a check is decided. Raises Obsolete after a `stop`.
    """
    stop = stop or Stop()
    isolate = isolate or level is not Level.LEARNER
    children = list(waiting)
    gradable = [assembly for assembly in assemblies if not assembly.problem]
    seen = {assembly.kata.slug: Observation() for assembly in gradable}

    def run(together: Sequence[Assembly], *, warm: bool) -> None:
        child = children.pop() if children else start(root, warm=warm, level=level)
        _run(child, together, root, seen, level=level, until_failure=until_failure, stop=stop, told=told)

    def is_open(assembly: Assembly) -> bool:
        observation = seen[assembly.kata.slug]
        return undecided(assembly, observation) and not (until_failure and _has_failed(observation))

    try:
        if len(gradable) > 1 and not isolate:
            _side_by_side(partial(run, warm=False), gradable, stop)
        for assembly in gradable:
            while is_open(assembly):
                run([assembly], warm=isolate)
    finally:
        for child in children:
            discard(child)
    return seen


def most_children(katas: int) -> int:
    """Return how many children a learner's check of so many katas takes side by side."""
    return max(1, min(_MOST_CHILDREN, os.cpu_count() or 1, katas // 2))


def _side_by_side(run: Callable[[Sequence[Assembly]], None], assemblies: Sequence[Assembly], stop: Stop) -> None:
    """Run assemblies in groups, each in a child, all at once."""
    groups = _shared_out(assemblies, most_children(len(assemblies)))
    with ThreadPoolExecutor(len(groups)) as pool:
        futures = [pool.submit(run, group) for group in groups]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # Nobody waits for the others any more.
            stop.ask()
            raise


def _shared_out(assemblies: Sequence[Assembly], count: int) -> list[list[Assembly]]:
    """Share assemblies out so that all groups take about as long: each in turn to the one with the least to do."""
    groups: list[list[Assembly]] = [[] for _ in range(count)]
    for assembly in sorted(assemblies, key=_effort, reverse=True):
        min(groups, key=lambda group: sum(map(_effort, group))).append(assembly)
    return groups


def _effort(assembly: Assembly) -> int:
    """Return about how long a kata takes: twice as long where it starts threads or processes, which asks for time."""
    checks = assembly.kata.checks
    return len(checks) * (2 if max(check.limit_s for check in checks) > _ORDINARY_LIMIT_S else 1)


def discard(child: Child) -> None:
    """End a child whose journal nobody has begun to read."""
    child.end()
    child.journal.close()


def _has_failed(observation: Observation) -> bool:
    return any(finding.outcome is not Outcome.PASSED for finding in observation.findings.values())


def undecided(assembly: Assembly, observation: Observation) -> bool:
    """Tell whether a check of this kata has no verdict yet."""
    return any(check.id not in observation.findings for check in assembly.kata.checks)


def _run(
    child: Child,
    assemblies: Sequence[Assembly],
    root: str,
    seen: dict[str, Observation],
    *,
    level: Level,
    until_failure: bool,
    stop: Stop,
    told: Callable[[dict[str, Observation]], None],
) -> None:
    """Let one child run whatever is undecided in these assemblies, and add what it saw."""
    names = [assembly.kata.name for assembly in assemblies]
    slugs = [assembly.kata.slug for assembly in assemblies]
    decided = [f"{slug}::{check}" for slug in slugs for check in seen[slug].findings]
    began = time.monotonic()
    key = sealing.new_key() if level is not Level.LEARNER else ""
    journal = Journal(key)

    def heard() -> None:
        told({assembly.kata.slug: _so_far(assembly, seen[assembly.kata.slug], journal) for assembly in assemblies})

    try:
        with stop.reaches(child):
            child.begin(Job(names, decided, until_failure, key))
            in_time = _listen(child, journal, _limit_s(assemblies), heard)
    finally:
        code = child.end()
    if stop.asked:
        raise Obsolete
    took = time.monotonic() - began
    for assembly in assemblies:
        observation = _so_far(assembly, seen[assembly.kata.slug], journal)
        observation.duration_s += took / len(assemblies)
        seen[assembly.kata.slug] = observation
    if not journal.ended:
        _blame(assemblies, seen, journal, _death(journal, code, root, in_time=in_time))
    if len(assemblies) == 1 and len(seen[slugs[0]].findings) == len(decided):
        if not journal.heard:
            raise GraderFault(f"The checks of {names[0]} could not be run.\n{child.complaint().strip()}")
        # The child ran, and yet nothing can be said of these; another child would do no better.
        for check in assemblies[0].kata.checks:
            seen[slugs[0]].findings.setdefault(check.id, _UNHEARD)


def _limit_s(assemblies: Sequence[Assembly]) -> float:
    """Return the longest a child may take in all: two endless checks in every kata."""
    longest = [max(check.limit_s for check in assembly.kata.checks) for assembly in assemblies]
    return _START_S + sum(2 * (limit + _GRACE_S) for limit in longest)


def _so_far(assembly: Assembly, before: Observation, journal: Journal) -> Observation:
    """Return what was seen of a kata, with what its journal adds."""
    slug = assembly.kata.slug
    findings = dict(before.findings)
    for check in assembly.kata.checks:
        finding = journal.findings.get(f"{slug}::{check.id}") or journal.broken.get(slug)
        if finding is not None:
            findings.setdefault(check.id, finding)
        if journal.tampered:
            # Whatever was seen before, or will be, rests on a grading that was interfered with.
            findings[check.id] = journal.tampered
    return Observation(findings, journal.isolation or before.isolation, before.duration_s)


def _blame(assemblies: Sequence[Assembly], seen: dict[str, Observation], journal: Journal, finding: Finding) -> None:
    """Give the check (or the import) during which a child died its verdict; what never began stays undecided."""
    for assembly in assemblies:
        slug = assembly.kata.slug
        for check in assembly.kata.checks:
            if slug == journal.importing or f"{slug}::{check.id}" == journal.current:
                seen[slug].findings.setdefault(check.id, finding)


def _death(journal: Journal, code: int, root: str, *, in_time: bool) -> Finding:
    spot = journal.stopped_at(root)
    if journal.hard_limit or not in_time:
        return Finding(
            Outcome.TIMEOUT,
            Message("It never ended, and could not be interrupted either."),
            Message(
                "Look for a call that blocks the whole thread, or for an `except` that also catches the cancellation."
            ),
            _with_source(spot),
        )
    values = {"number": abs(code)}
    how = Message.of("signal {number}", values) if code < 0 else Message.of("exit code {number}", values)
    return Finding(
        Outcome.ERROR,
        Message.of("The code ended the whole Python process ({how}).", {"how": how}),
        Message("A function that is called by others must not end the program."),
        _with_source(spot),
    )


def _with_source(spot: Spot | None) -> Spot | None:
    if spot is None:
        return None
    with contextlib.suppress(OSError, IndexError):
        text = Path(spot.path).read_text(encoding="utf-8", errors="replace")
        return Spot(spot.path, spot.line, text.splitlines()[spot.line - 1].strip())
    return spot


def _listen(child: Child, journal: Journal, limit_s: float, heard: Callable[[], None]) -> bool:
    """Read the journal up to its end record, not to the end of the stream, which others may hold open.

    `heard` is called after each new verdict.
    Tell whether that came, or the child was gone, within `limit_s` real seconds.
    """
    lines: queue.Queue[bytes | None] = queue.Queue()
    threading.Thread(target=_read, args=(child.journal, lines), daemon=True).start()
    deadline = time.monotonic() + limit_s
    while not journal.ended and time.monotonic() < deadline:
        try:
            line = lines.get(timeout=_GLANCE_S)
        except queue.Empty:
            if not child.alive():
                # Its last words may still be on their way; only where somebody else holds the stream open is
                # there no end of it to wait for.
                deadline = min(deadline, time.monotonic() + _LAST_WORDS_S)
            continue
        if line is None:
            return True
        decided = len(journal.findings), len(journal.broken)
        journal.feed(line)
        if (len(journal.findings), len(journal.broken)) != decided:
            heard()
    return journal.ended or not child.alive()


def _read(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    with stream, contextlib.suppress(OSError, ValueError):
        for line in _lines(stream):
            lines.put(line)
    lines.put(None)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    total = 0
    buffer = b""
    while total < MAX_BYTES and (piece := os.read(stream.fileno(), 65536)):
        total += len(piece)
        *whole, buffer = (buffer + piece).split(b"\n")
        yield from (line[:MAX_LINE] for line in whole)
        buffer = buffer[:MAX_LINE]
    if buffer:
        yield buffer
