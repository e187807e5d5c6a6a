"""Landlock: the Linux kernel refuses files, TCP and signals to a process that asked for it, and to all it starts.

Three system calls through ctypes. There are packages for this (`landlockpy`, `py-landlock`, `sandlock`); the first is
the one to take if this ever grows. At present a learner, who never runs this, would have to install it, and so would
whoever grades strangers have to trust it.
"""

from __future__ import annotations

import ctypes
import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_BENEATH = 1
EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE = 1 << 14
# Which rights over files each version of the interface knows: all up to this bit.
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_BITS = 16
_TCP = 0b11
# Abstract sockets, and signals to whoever is outside.
_SCOPES = 0b11
# The only rights over something that is no folder.
_OF_A_FILE = EXECUTE | WRITE | READ | TRUNCATE | 1 << 15
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6

# Libraries, and the little that is asked for at run time: zones, the cache of the linker, and random bytes.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/System/Library", "/etc/ld.so.cache", "/etc/localtime",
           "/sys/devices/system/cpu")  # fmt: skip
DEVICES = tuple(map(Path, ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/shm")))  # noqa: S108 - semaphores live there


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Return the version of the kernel's interface, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION)))


def restrict(read: Iterable[Path], listed: Iterable[Path], write: Iterable[Path]) -> list[str]:
    """Leave this thread, and all it starts from now on, these files alone; return which layers are in force now.

    What is to be read may be executed too; of `listed` folders only the names can be seen. Takes effect only on a
    process that can get no new privileges.
    """
    known = version()
    if not known:
        return []
    every = (1 << _FILE_BITS.get(known, _NEWEST_FILE_BITS)) - 1
    rules = _Rules(every, _TCP if known >= _NETWORK_SINCE else 0, _SCOPES if known >= _SCOPES_SINCE else 0)
    size = 24 if known >= _SCOPES_SINCE else 16 if known >= _NETWORK_SINCE else 8
    ruleset = _call(_CREATE, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return []
    try:
        for paths, rights in ((read, READ | LIST | EXECUTE), (listed, LIST), (write, every & ~EXECUTE)):
            for path in paths:
                _allow(ruleset, path, rights & every)
        if _call(_RESTRICT, ruleset, ctypes.c_uint32(0)):
            return []
    finally:
        os.close(ruleset)
    found = ["files"]
    found += ["no network"] if known >= _NETWORK_SINCE else []
    return [*found, "no signals"] if known >= _SCOPES_SINCE else found


def interpreter() -> list[Path]:
    """Return what an interpreter has to read: itself and its libraries."""
    paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values(), *site.getsitepackages()]
    return [Path(path).resolve() for path in dict.fromkeys([*paths, *_SYSTEM])]


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return
    try:
        allowed = rights if path.is_dir() else rights & _OF_A_FILE
        _call(_ADD, ruleset, _BENEATH, ctypes.byref(_Beneath(allowed, folder)), ctypes.c_uint32(0))
    finally:
        os.close(folder)


def _call(number: int, *arguments: object) -> int:
    return int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))
