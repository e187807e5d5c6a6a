"""The processes that run answers: how one is started, fresh or forked, and ended with everything it started."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize
from typing import IO, Any, Protocol

from asyncio_katas import staging
from asyncio_katas.isolation import warden
from asyncio_katas.isolation.levels import Level
from asyncio_katas.protocol import Job

# Real seconds.
_START_S = 60.0
_END_S = 5.0
_PORTABLE = "ASYNCIO_KATAS_PORTABLE"
# What each run of pytest would import anew, and what that brings along; an absent one is left out.
_WARM = ("pytest_asyncio.plugin", "pytest_timeout", "_pytest.helpconfig", "_pytest.skipping", "_pytest.unittest",
         "unittest", "readline", "freezegun.api")  # fmt: skip
_QUIET_TRACKER = "ignore:resource_tracker:UserWarning"


def portable() -> bool:
    """Tell whether to do without what only POSIX has: fork, SIGALRM, process groups. Windows always does."""
    return os.name == "nt" or os.environ.get(_PORTABLE) == "1"


def can_fork() -> bool:
    """Tell whether a warm server can fork children here; workers of a cluster may not have any."""
    daemonic = multiprocessing.current_process().daemon
    return not portable() and not daemonic and "forkserver" in multiprocessing.get_all_start_methods()


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
    """A child that may run a stranger's answer, forked from a warm server that has pytest and the lab imported."""

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


class _Zygote:
    """A process that has pytest ready, and forks itself for each of a learner's jobs, one after the other."""

    def __init__(self) -> None:
        self._folder = contextlib.ExitStack()
        root = self._folder.enter_context(staging.stage())
        self.requests, requests = socket.socketpair()
        from asyncio_katas.child import serve  # noqa: PLC0415 - as above

        self._process = _server().Process(target=serve, args=(str(root), requests))
        with _hidden_main:
            self._process.start()
        requests.close()
        # At its exit a program waits for all processes of its own, after it has done this.
        self._at_exit = Finalize(None, self.end, exitpriority=0)

    def alive(self) -> bool:
        """Tell whether it can be asked for one more child."""
        return bool(self._process.is_alive())

    def end(self) -> None:
        """End the process, but none that it has forked."""
        self._at_exit.cancel()
        self.requests.close()
        self._process.kill()
        self._process.join(_END_S)
        self._folder.close()


# Those that serve nobody now.
_idle: list[_Zygote] = []


def _zygote() -> _Zygote:
    """Return one that serves nobody else."""
    while _idle:
        zygote = _idle.pop()
        if zygote.alive():
            return zygote
        zygote.end()
    return _Zygote()


class ZygoteChild:
    """A learner's child, forked from a process that has pytest ready: to be ready takes longer than most checks."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._zygote = _zygote()
        reader, self._writer = os.pipe()
        self.journal: IO[bytes] = os.fdopen(reader, "rb", buffering=0)
        self._said = b""
        self._pid = 0
        self._killed = self._begun = False
        self._code: int | None = None

    def begin(self, job: Job) -> None:
        """Hand the job over."""
        request = json.dumps(self._root).encode() + b"\n" + job.line()
        requests = self._zygote.requests
        requests.settimeout(_START_S)
        self._begun = True
        # Whatever has died by now will be missed in the journal.
        with contextlib.suppress(OSError):
            socket.send_fds(requests, [request[:1]], [self._writer])
            requests.sendall(request[1:])
        os.close(self._writer)
        self._pid = self._number(_START_S) or 0
        if self._killed:
            self.kill()

    def _number(self, within_s: float) -> int | None:
        """Return the next number the zygote sends, if one comes in time: first a process, then its exit code."""
        requests = self._zygote.requests
        with contextlib.suppress(OSError):
            requests.settimeout(within_s)
            while b"\n" not in self._said:
                piece = requests.recv(64)
                if not piece:
                    return None
                self._said += piece
            number, _, self._said = self._said.partition(b"\n")
            return int(number)
        return None

    def alive(self) -> bool:
        """Tell whether the child itself still runs."""
        if self._code is None:
            self._code = self._number(0)
        return self._code is None and self._zygote.alive()

    def kill(self) -> None:
        """End the child's whole process group."""
        self._killed = True
        if self._pid:
            kill_group(self._pid)

    def end(self) -> int:
        """End the child's whole process group; return its exit code."""
        self.kill()
        if not self._begun:
            os.close(self._writer)
            _idle.append(self._zygote)
            return 0
        if self._code is None and self._pid:
            self._code = self._number(_END_S)
        if self._code is None:
            # Whatever it says from now on would be taken for an answer to somebody else's request.
            self._zygote.end()
            return -signal.SIGKILL
        _idle.append(self._zygote)
        return self._code

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
    if not warm or not can_fork():
        return FreshChild(root, level)
    return ZygoteChild(root) if level is Level.LEARNER else ForkedChild(root, level)


def discard(child: Child) -> None:
    """End a child whose journal nobody has begun to read."""
    child.end()
    child.journal.close()
