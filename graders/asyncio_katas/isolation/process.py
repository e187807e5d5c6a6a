"""What every POSIX system can take from a process: time, memory, files, privileges, and what it knows of others."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing.process
import os
import sys
import tempfile
from multiprocessing import resource_tracker
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# Real seconds of computing, bytes of address space, open files, and tasks beyond what the machine runs already.
CPU_S = 120
ADDRESS_SPACE = 4 << 30
OPEN_FILES = 256
MORE_TASKS = 256
# What an interpreter needs to find its libraries, its encoding and its zone; and Windows, to run at all.
_KEPT = {"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "SYSTEMDRIVE",
         "COMSPEC", "PATHEXT", "PYTHONUTF8", "PYTHONIOENCODING"}  # fmt: skip
# A socket's path may have a hundred bytes, of which those who make one in the scratch folder need forty.
_MAX_SCRATCH_PATH = 60
_MOST_FILES = 1 << 20
_NO_NEW_PRIVILEGES, _DROP_BOUND, _LAST_CAPABILITY = 38, 24, 63
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITIES_V3 = 0x20080522


def limit() -> list[str]:
    """Limit this process for good; return which layers are in force now."""
    found = []
    if resource is not None:
        _lower(resource.RLIMIT_CPU, CPU_S)
        _lower(resource.RLIMIT_NOFILE, OPEN_FILES)
        _lower(resource.RLIMIT_AS, ADDRESS_SPACE)
        with contextlib.suppress(OSError, ValueError, IndexError):
            running = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[1])
            _lower(resource.RLIMIT_NPROC, running + MORE_TASKS)
        found.append("limits")
    if sys.platform == "linux" and _give_up_privileges():
        found.append("no privileges")
    return found


def _lower(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # macOS knows some of these limits, but not every value.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(which, (value, value))


def _give_up_privileges() -> bool:
    """Let no program that is started give privileges, and drop those that this process has."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    for capability in range(_LAST_CAPABILITY + 1):
        # Fails where there is no such capability, or none to begin with.
        libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    number = _CAPSET.get(os.uname().machine)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    return number is not None and libc.syscall(number, header, (ctypes.c_uint32 * 6)()) == 0


def forget(scratch: Path, keep: set[int]) -> None:
    """Drop what was inherited: the environment, open files but `keep`, and the doors to the parent's helpers."""
    for name in set(os.environ) - _KEPT:
        if not name.startswith("LC_"):
            del os.environ[name]
    os.environ["HOME"] = str(scratch)
    # The workers of a check's process pool are new interpreters, and look for the lab.
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    if len(str(scratch)) <= _MAX_SCRATCH_PATH:
        os.environ["TMPDIR"] = os.environ["TEMP"] = os.environ["TMP"] = str(scratch)
    tempfile.tempdir = None
    # Names of sockets, and the key to them, belong to the parent; and so does the tracker of semaphores. One of its own
    # would be an interpreter more, and be ended with everything else before it could tidy anything up.
    config = vars(multiprocessing.process.current_process()).get("_config", {})
    config.pop("tempdir", None)
    config["authkey"] = multiprocessing.process.AuthenticationString(  # type: ignore[attr-defined]
        os.urandom(32)
    )
    if os.name == "posix":
        nobody = os.open(os.devnull, os.O_WRONLY)
        vars(resource_tracker._resource_tracker).update(_fd=nobody, _pid=None)
        _close_others(keep | {0, 1, 2, nobody})


def _close_others(keep: set[int]) -> None:
    low = 0
    for kept in [*sorted(keep), min(os.sysconf("SC_OPEN_MAX"), _MOST_FILES)]:
        # Of an empty range, the system call behind this makes one without an end.
        if low < kept:
            os.closerange(low, kept)
        low = kept + 1
