"""What the operating system says of this process's own threads: since when all of them have been asleep."""

from __future__ import annotations

import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

# A thread that waits for the processor, or for the interpreter, is woken far more often.
_GLANCE_S = 0.05
_STATES = ("State:", "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:")
# The number of a question and the thread that asks; the number of the question that is answered, and the seconds.
_ASKED, _TOLD = struct.Struct("qq"), struct.Struct("qd")


class Sleep:
    """The sleep that all threads of a process but one share: a thread that wakes, even for a moment, breaks it."""

    def __init__(self, tasks: Path, but: int) -> None:
        self._tasks, self._but = tasks, str(but)
        self._seen: dict[str, list[str]] | None = None
        self._looked = time.monotonic()
        self._slept = 0.0

    def look(self) -> float:
        """Look again; return for how many real seconds all have been asleep. Always 0 where no system tells.

        However much time has passed between two looks, it counts as a short one: the whole machine may have stood.
        """
        passed = time.monotonic() - self._looked
        if sys.platform == "linux" and passed > _GLANCE_S:
            self._looked += passed
            seen = self._asleep()
            self._slept = self._slept + min(passed, 2 * _GLANCE_S) if seen is not None and seen == self._seen else 0.0
            self._seen = seen
        return self._slept

    def _asleep(self) -> dict[str, list[str]] | None:
        """Return how often each thread was woken so far; None if one of them is awake."""
        found: dict[str, list[str]] = {}
        try:
            for name in os.listdir(self._tasks):  # noqa: PTH208 - often
                if name != self._but:
                    lines = (self._tasks / name / "status").read_text(encoding="utf-8", errors="replace").splitlines()
                    found[name] = [line for line in lines if line.startswith(_STATES)]
                    if "S (sleeping)" not in found[name][0]:
                        return None
        except (OSError, IndexError):
            # One has ended under our eyes.
            return None
        return found


class Lookout:
    """A page that two processes share: one asks how long its threads have been asleep, the other looks and answers.

    For a process that may not look itself: what tells of a thread lies beside what would open all of its memory.
    Whoever writes into the page can only deceive the process that asks. Made before the one is forked off the other.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._answering = 0
        self._sleep: Sleep | None = None

    def ask(self) -> Callable[[], float]:
        """Ask about all threads but the calling one, from now on; return what gives the answer, as `Sleep.look`."""
        number = _ASKED.unpack_from(self._page)[0] + 1
        _ASKED.pack_into(self._page, 0, number, threading.get_native_id())

        def look() -> float:
            answered, seconds = _TOLD.unpack_from(self._page, _ASKED.size)
            return seconds if answered == number else 0.0

        return look

    def answer(self, process: int) -> None:
        """Answer the last question of this process, if it has asked any; to be called again and again."""
        number, thread = _ASKED.unpack_from(self._page)
        if number != self._answering:
            self._answering, self._sleep = number, Sleep(Path("/proc", str(process), "task"), thread)
        if self._sleep:
            _TOLD.pack_into(self._page, _ASKED.size, number, self._sleep.look())


_lookout: Lookout | None = None


def ask_through(lookout: Lookout) -> None:
    """Let somebody else look at this process's threads from now on."""
    global _lookout  # noqa: PLW0603 - a process has one, for as long as it lasts
    _lookout = lookout


def watch_sleep() -> Callable[[], float]:
    """Return what tells for how many real seconds all threads but the calling one have been asleep."""
    return _lookout.ask() if _lookout else Sleep(Path("/proc/self/task"), threading.get_native_id()).look
