"""Where threads wait for the check: parked, so that they do not hold the clock, and never for longer than useful."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from asyncio_katas.lab.outside import park, unpark

if TYPE_CHECKING:
    from asyncio_katas.lab.lab import Lab

# How often a parked thread looks whether the loop can still answer, in real seconds.
_GLANCE = 0.02


class Wait:
    """One thread's wait for the check: over when released, or when the loop can provably never release it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._released = threading.Event()
        self._ident = threading.get_ident()
        lab.waits.append(self)

    def release(self) -> None:
        """Let the thread go."""
        unpark(self._ident)
        self._released.set()

    def for_release(self) -> bool:
        """Block the calling thread; False when the loop is stuck."""
        lab = self._lab
        park(self._ident)
        if self._released.is_set() or lab.ended:
            unpark(self._ident)
            return True
        try:
            while not self._released.wait(_GLANCE):
                if lab.loop.outside.stuck(lab.loop_thread):
                    lab.note_block()
                    return False
            return True
        finally:
            unpark(self._ident)


class ThreadGate:
    """A gate for threads, opened by the check."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._open = False
        self._waits: list[Wait] = []
        self._loop = lab.loop

    def wait(self) -> bool:
        """Block the calling thread until the gate opens; False on the loop's own thread, or when the loop is stuck."""
        if self._lab.on_loop_thread():
            self._lab.note_block()
            return False
        with self._lock:
            if self._open:
                return True
            wait = Wait(self._lab)
            self._waits.append(wait)
        return wait.for_release()

    def open(self) -> None:
        """Let everybody through, from now on."""
        with self._lock:
            self._open = True
            waits = list(self._waits)
        for wait in waits:
            wait.release()
