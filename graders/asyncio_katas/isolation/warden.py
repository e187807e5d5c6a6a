"""The warden: a process between the parent and the child that inherits every orphan, so that nothing gets away.

Whatever the code under test starts, however it detaches itself, stays below the warden (Linux calls that a subreaper).
The warden looks now and then how much there is of it, and ends it all when the child ends or the parent says so.
It also looks at the child's threads, where the child asks: behind the file layer nobody can do that for himself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from asyncio_katas.lab.kernel import Lookout

# Looked at so often, in real seconds; beyond these bounds everything is ended.
_GLANCE_S = 0.1
MAX_PROCESSES = 64
MAX_RESIDENT_BYTES = 6 << 30
MAX_SCRATCH_BYTES = 64_000_000
# What a child that is about to end gets for it, and what ending everything may take, in real seconds.
_OWN_END_S = 0.2
_END_S = 4.0
_SUBREAPER, _DEATH_SIGNAL = 36, 1
_SIGNALS = {signal.SIGTERM, getattr(signal, "SIGCHLD", signal.SIGTERM)}
_PAGE = os.sysconf("SC_PAGE_SIZE") if sys.platform == "linux" else 4096


def available() -> bool:
    """Tell whether this system lets a process inherit orphans."""
    return sys.platform == "linux"


def step_below(scratch: Path, files: set[int]) -> Lookout:
    """Become a warden's child, in a session of its own: returns there alone. The warden closes these `files`.

    Through what is returned it answers what the child may not ask the system itself.
    """
    lookout = Lookout()
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    warden = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    child = os.fork()
    if child:
        for file in files:
            os.close(file)
        _watch(child, scratch, lookout)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.setsid()
    libc.prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != warden:
        os._exit(0)
    return lookout


def _watch(child: int, scratch: Path, lookout: Lookout) -> NoReturn:
    """Wait for the child's end, bring everything else to its end, and end the same way."""
    status: int | None = None
    try:
        status = _until_over(child, scratch, lookout)
    finally:
        status = _end_all(child, status)
        _end_like(status)


def _until_over(child: int, scratch: Path, lookout: Lookout) -> int | None:
    # Most children have ended before the first glance, which takes as long as a check.
    glance_at = time.monotonic() + _GLANCE_S
    while True:
        heard = signal.sigtimedwait(_SIGNALS, max(0.0, glance_at - time.monotonic()))
        status, _ = _reap(child)
        if status is not None:
            return status
        if heard is not None and heard.si_signo == signal.SIGTERM:
            # It may be on its way out, and how it went is worth knowing.
            deadline = time.monotonic() + _OWN_END_S
            while status is None and time.monotonic() < deadline:
                time.sleep(0.001)
                status, _ = _reap(child)
            return status
        if time.monotonic() >= glance_at:
            if _is_too_much(scratch):
                return None
            lookout.answer(child)
            glance_at = time.monotonic() + _GLANCE_S


def _reap(child: int) -> tuple[int | None, bool]:
    """Take note of everything that ended; return the child's status if that has, and whether anything is left."""
    found = None
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == child:
                found = status
            if not pid:
                return found, True
    except ChildProcessError:
        # Whoever is anywhere below has somebody above who is a child of the warden's.
        return found, False


def _end_all(child: int, status: int | None) -> int:
    deadline = time.monotonic() + _END_S
    while time.monotonic() < deadline:
        ended, more = _reap(child)
        status = _or(status, ended)
        if not more:
            break
        below = _below(os.getpid())
        # Nobody multiplies while the others are being counted.
        for how in (signal.SIGSTOP, signal.SIGKILL):
            for pid in below:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, how)
        time.sleep(0.001)
    return status or 0


def _or(status: int | None, other: int | None) -> int | None:
    return other if status is None else status


def _end_like(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        last = os.WTERMSIG(status)
        with contextlib.suppress(OSError, ValueError):
            signal.signal(last, signal.SIG_DFL)
        os.kill(os.getpid(), last)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1)


def _below(pid: int) -> dict[int, int]:
    """Return every process below this one, with the bytes of memory it holds."""
    parents: dict[int, tuple[int, int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - of many, and often
        if name.isdigit():
            # Its name may hold anything; what follows the last bracket are numbers.
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
                parents[int(name)] = int(fields[1]), int(fields[21]) * _PAGE
    found: dict[int, int] = {}
    level = {pid}
    while level:
        level = {each for each, (parent, _) in parents.items() if parent in level and each not in found}
        found |= {each: parents[each][1] for each in level}
    return found


def _is_too_much(scratch: Path) -> bool:
    below = _below(os.getpid())
    if len(below) > MAX_PROCESSES or sum(below.values()) > MAX_RESIDENT_BYTES:
        return True
    size = 0
    for folder, _, files in os.walk(scratch):
        for file in files:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(folder, file)).st_size  # noqa: PTH118 - of many, and often
    return size > MAX_SCRATCH_BYTES
