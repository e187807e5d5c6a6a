"""Where threads and processes wait for the check: parked, so that they do not hold the clock, and never for long.

A process imports this module to reach its gate, so it must stay quick to import.
"""

from __future__ import annotations

import contextlib
import os
import threading
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, TypeVar

from asyncio_katas.lab.outside import park, parked, unpark

if TYPE_CHECKING:
    from asyncio_katas.lab.lab import Lab

T = TypeVar("T")

# How often a parked thread looks whether the loop can still answer, in real seconds.
_GLANCE = 0.02
# How long closing a gate waits for its own threads, in real seconds.
_CLOSING_S = 5.0


class Wait:
    """One thread's wait for the check: over when released, or when the loop can provably never release it.

    `process` is the pid of the pool's process on whose behalf the thread waits, if any.
    """

    def __init__(self, lab: Lab, process: int | None = None) -> None:
        self._lab = lab
        self._released = threading.Event()
        self._ident = threading.get_ident()
        self._process = process
        lab.waits.append(self)

    def release(self) -> None:
        """Let the thread go."""
        unpark(self._ident, self._process)
        self._released.set()

    def for_release(self) -> bool:
        """Block the calling thread; False when the loop is stuck."""
        lab = self._lab
        park(self._ident, self._process)
        if self._released.is_set() or lab.ended:
            unpark(self._ident, self._process)
            return True
        try:
            while not self._released.wait(_GLANCE):
                if lab.loop.outside.stuck(lab.loop_thread):
                    lab.note_block()
                    return False
            return True
        finally:
            unpark(self._ident, self._process)


class _Gate:
    """What others wait at until the check opens it."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._open = False
        self._waits: list[Wait] = []

    def open(self) -> None:
        """Let everybody through, from now on."""
        with self._lock:
            self._open = True
            waits = list(self._waits)
        for wait in waits:
            wait.release()


class ThreadGate(_Gate):
    """A gate for threads, opened by the check."""

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


def pass_gate(address: str | tuple[str, int], value: T) -> T:
    """Wait, in a process, at the gate of this address until the check opens it, and return `value`."""
    with Client(address) as connection:
        connection.send_bytes(f"{os.getpid()} {threading.get_ident()}".encode())
        connection.recv_bytes()
    return value


class ProcessGate(_Gate):
    """A gate for the processes of a pool, opened by the check: there, call `pass_gate(gate.address, value)`."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.arrived: list[int] = []
        self._closed = False
        # A socket in the file system where there are such, which needs no network.
        self._listener = Listener()
        # Daemons: a check that was interrupted must not keep the interpreter from ending.
        self._threads = [threading.Thread(target=self._receive, name="process-gate", daemon=True)]
        self._threads[0].start()

    @property
    def address(self) -> str | tuple[str, int]:
        """Where processes find the gate."""
        address: str | tuple[str, int] = self._listener.address
        return address

    def close(self) -> None:
        """Open the gate, and receive nobody any more."""
        self.open()
        self._closed = True
        with Client(self.address):
            # Wakes up the thread that receives.
            pass
        for thread in self._threads:
            thread.join(_CLOSING_S)
        self._listener.close()

    def _receive(self) -> None:
        """Give each process that comes a thread that waits on its behalf."""
        park(threading.get_ident())
        while True:
            connection = self._listener.accept()
            if self._closed:
                connection.close()
                break
            thread = threading.Thread(target=self._hold, args=(connection,), name="process-gate", daemon=True)
            self._threads.append(thread)
            thread.start()
        unpark(threading.get_ident())

    def _hold(self, connection: Connection) -> None:
        # A process that was ended meanwhile needs no answer.
        with connection, contextlib.suppress(OSError, EOFError):
            process, thread = map(int, connection.recv_bytes().split())
            with self._lock:
                wait = None if self._open else Wait(self._lab, process)
                if wait is not None:
                    self._waits.append(wait)
                self.arrived.append(process)
            if wait is not None:
                # What was to be a process may be a thread of this one.
                with parked(thread) if process == os.getpid() else contextlib.nullcontext():
                    wait.for_release()
            connection.send_bytes(b"open")
