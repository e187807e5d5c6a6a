"""A command in a terminal that exists only here: its screen can be read, and keys can be pressed. POSIX only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

import pyte

# Seconds after which nobody believes any more that something is still going to appear.
PATIENCE_S = 180.0


class PseudoTerminal:
    """Runs a command, and reads along; `heard` is told when what was written."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        columns: int = 80,
        lines: int = 24,
        heard: Callable[[float, bytes], None] = lambda *_: None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._heard = heard
        self._news = threading.Condition()
        self.raw = b""
        self.ours, theirs = pty.openpty()
        self._slave = theirs
        self._set_size(columns, lines)
        self.mode = termios.tcgetattr(theirs)
        clean = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES", "NO_COLOR"}}
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=clean | {"TERM": "xterm-256color"} | dict(environment),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads of its own yet
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A command that is told to end may write down what it has to; one that does not end is ended.
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, PATIENCE_S)):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self.process.pid, number)
                self.process.wait(patience)
                break
        os.close(self._slave)
        os.close(self.ours)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.ours, 65536)
            except OSError:
                return
            self._heard(time.perf_counter(), data)
            with self._news:
                self.raw += data
                self._stream.feed(data)
                self._news.notify_all()

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size, as somebody who drags its corner does."""
        with self._news:
            self._screen.resize(lines, columns)
        self._set_size(columns, lines)

    def press(self, keys: str) -> None:
        """Press keys, one after another."""
        os.write(self.ours, keys.encode())

    def rows(self) -> list[str]:
        """Return what each line of the screen shows."""
        with self._news:
            return [row.rstrip() for row in self._screen.display]

    def text(self) -> str:
        """Return the screen as one text."""
        return "\n".join(self.rows())

    def until(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows this text, or fulfils this condition; return the screen."""

        def shown() -> bool:
            text = "\n".join(row.rstrip() for row in self._screen.display)
            return wanted in text if isinstance(wanted, str) else wanted(text)

        with self._news:
            seen = self._news.wait_for(shown, PATIENCE_S)
        assert seen, f"{wanted!r} was never seen:\n{self.text()}"
        return self.text()

    def end(self) -> int:
        """Wait for the command to end; return its exit code."""
        code = self.process.wait(PATIENCE_S)
        with self._news:
            self._news.wait_for(lambda: b"\x1b[?1049l" in self.raw, PATIENCE_S)
        return code

    @property
    def restored(self) -> bool:
        """Whether the terminal is as it was: its mode, its screen, its cursor, its line breaks."""
        last = {
            name: self.raw.rfind(f"\x1b[?{name}{on}".encode()) > self.raw.rfind(f"\x1b[?{name}{off}".encode())
            for name, on, off in (("1049", "l", "h"), ("25", "h", "l"), ("7", "h", "l"))
        }
        return all(last.values()) and termios.tcgetattr(self._slave) == self.mode
