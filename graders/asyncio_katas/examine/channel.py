"""The judge's end of the pipes to a worker: turns, tokens, and the limits of patience."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import select
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from asyncio_katas.children import FreshChild
from asyncio_katas.examine.wire import MAX_LINE, Breach, read

# What one turn may bring; an answer that is examined says a few dozen lines.
_MAX_LINES = 2_000
# Lines that were read and not looked at yet; beyond that the worker has to wait.
_WAITING_LINES = 100
_Take = Callable[[dict[str, Any]], Any]


class Gone(Exception):  # noqa: N818 - what happened, not an error of the program
    """The worker's process has ended, or closed its pipe."""


class Silent(Exception):  # noqa: N818 - what happened, not an error of the program
    """The worker has not answered, or not read, in the real seconds it had."""


class Broken(Exception):  # noqa: N818 - what happened, not an error of the program
    """The answer could not be imported; the argument is what it raised, as a value."""


class Channel:
    """A worker and the pipes to it.

    Each turn has a random token, and a line counts only if it carries the one of the turn that is being answered: it
    was written after the worker had read what the judge said last.
    """

    def __init__(self, child: FreshChild, patience_s: float) -> None:
        self._child, self._patience_s = child, patience_s
        self.layers: list[str] = []
        self._turn = ""
        self._lines: queue.Queue[bytes] = queue.Queue(_WAITING_LINES)
        if os.name != "nt":
            # Whoever does not read must not make the judge wait for ever.
            os.set_blocking(child.orders.fileno(), False)
        threading.Thread(target=_read, args=(child.journal, self._lines), daemon=True).start()

    def load(self, answer: str, patience_s: float) -> None:
        """Have the worker import an answer; before it does, it says which `layers` it has put itself behind."""

        def take(said: dict[str, Any]) -> None:
            if said["say"] == "broken":
                raise Broken(said["error"])
            if said["say"] != "layers" or self.layers:
                raise Breach("a line before its time")
            self.layers = [str(layer) for layer in said["layers"]]

        self.exchange(0.0, [{"do": "import", "file": answer}], take, patience_s)

    def exchange(
        self, now: float, orders: list[dict[str, Any]], take: _Take, patience_s: float | None = None
    ) -> float | None:
        """Give the worker a turn, pass on what it says, and return when its next timer is due, once it is at rest.

        What `take` returns for a question is the answer to it.
        """
        deadline = time.monotonic() + (patience_s or self._patience_s)
        self._send({"now": now, "orders": orders}, deadline)
        for _ in range(_MAX_LINES):
            said = self._next(deadline)
            if said["say"] == "idle":
                wake = said["wake"]
                if wake is not None and wake <= now:
                    raise Breach("a timer in the past")
                return None if wake is None else float(wake)
            answer = take(said)
            if said["say"] == "ask":
                self._send({"answer": answer}, deadline)
        raise Breach("a flood of lines")

    def end(self) -> int:
        """End the worker with all it started; return its exit code."""
        return self._child.end()

    def _next(self, deadline: float) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.001))
        except queue.Empty:
            raise Silent from None
        if not line:
            raise Gone
        said = read(line)
        if said["turn"] != self._turn:
            raise Breach("a line that answers nothing the judge has said")
        return said

    def _send(self, turn: dict[str, Any], deadline: float) -> None:
        self._turn = secrets.token_hex(8)
        line = memoryview(json.dumps({"turn": self._turn, **turn}).encode() + b"\n")
        pipe = self._child.orders.fileno()
        while line:
            try:
                line = line[os.write(pipe, line) :]
            except BlockingIOError:
                if not select.select([], [pipe], [], max(deadline - time.monotonic(), 0))[1]:
                    raise Silent from None
            except OSError:
                raise Gone from None


def _read(stream: IO[bytes], lines: queue.Queue[bytes]) -> None:
    """Hand on the lines of a stream, an overlong one cut; at its end hand on an empty one."""
    buffer = b""
    with stream, contextlib.suppress(OSError, ValueError):
        while piece := os.read(stream.fileno(), MAX_LINE):
            *whole, buffer = (buffer + piece).split(b"\n")
            for line in whole:
                lines.put(line[: MAX_LINE + 1] or b" ")
            if len(buffer) > MAX_LINE:
                lines.put(buffer)
                return
    lines.put(b"")
