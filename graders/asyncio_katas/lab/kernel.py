"""What the operating system says of this process's own threads: since when all of them have been asleep."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

_TASKS = Path("/proc/self/task")
# A thread that waits for the processor, or for the interpreter, is woken far more often.
_GLANCE_S = 0.05
_TOLD = ("State:", "voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:")


class Sleep:
    """The sleep that all threads but the one that looks share: a thread that wakes, even for a moment, breaks it."""

    def __init__(self) -> None:
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
            seen = _asleep()
            self._slept = self._slept + min(passed, 2 * _GLANCE_S) if seen is not None and seen == self._seen else 0.0
            self._seen = seen
        return self._slept


def _asleep() -> dict[str, list[str]] | None:
    """Return how often each other thread was woken so far; None if one of them is awake."""
    found: dict[str, list[str]] = {}
    own = str(threading.get_native_id())
    try:
        for name in os.listdir(_TASKS):  # noqa: PTH208 - often
            if name != own:
                lines = (_TASKS / name / "status").read_text(encoding="utf-8", errors="replace").splitlines()
                found[name] = [line for line in lines if line.startswith(_TOLD)]
                if "S (sleeping)" not in found[name][0]:
                    return None
    except (OSError, IndexError):
        # One has ended under our eyes.
        return None
    return found
