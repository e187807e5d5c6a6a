"""The learner's terminal: single keys come in, whole screens go out, and it is given back as it was."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from rich.console import Console as RichConsole
from rich.text import Text

if sys.platform == "win32":
    import msvcrt
else:
    import termios
    import tty

# The other screen, no cursor, no line breaks of the terminal's own, and pasted texts marked; and all of that back.
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h", "\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l"
# Between these a terminal that knows them shows nothing, so that no half-drawn screen is seen.
_HOLD, _SHOW = "\x1b[?2026h", "\x1b[?2026l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_SEQUENCES = {
    b"\x1b[A": "up", b"\x1b[B": "down", b"\x1b[C": "right", b"\x1b[D": "left",
    b"\x1bOA": "up", b"\x1bOB": "down", b"\x1bOC": "right", b"\x1bOD": "left",
    b"\x1b[5~": "pageup", b"\x1b[6~": "pagedown",
}  # fmt: skip
_SINGLE = {"\r": "enter", "\n": "enter", "\x1b": "escape", "\x03": "interrupt"}
_WINDOWS = {"H": "up", "P": "down", "M": "right", "K": "left", "I": "pageup", "Q": "pagedown"}
# Around a text that was pasted, which is no keys.
_PASTE, _PASTED = b"\x1b[200~", b"\x1b[201~"
# Seconds in which the rest of a key's sequence follows, also over a slow connection.
_REST_S = 0.05
_DEFAULT_SIZE = (80, 24)


class Terminated(Exception):  # noqa: N818 - a signal, not an error
    """Somebody has told the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def usable() -> bool:
    """Tell whether there is a terminal to draw on and to read keys from."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


class Keys:
    """Makes keys of the bytes that a terminal sends."""

    def __init__(self) -> None:
        self._data = b""
        self._pasting = False

    @property
    def begun(self) -> bool:
        """Whether a sequence has begun whose rest is still to come."""
        return bool(self._data)

    def feed(self, data: bytes) -> list[str]:
        """Return the names of the keys that are complete; without data, what has begun is taken as it is."""
        keys: list[str] = []
        whole = not data
        self._data += data
        while self._data and (size := self._size()):
            keys += self._named(self._data[:size])
            self._data = self._data[size:]
        if whole and self._data:
            keys += self._named(self._data)
            self._data = b""
        return keys

    def _size(self) -> int:
        """Return how many bytes the first key has, 0 while that cannot be told."""
        data = self._data
        if data[0] == 0x1B:
            if len(data) == 1:
                return 0
            if data[1:2] not in (b"[", b"O"):
                return 1
            return next((at + 1 for at in range(2, len(data)) if 0x40 <= data[at] <= 0x7E), 0)
        size = 1 if data[0] < 0xC0 else 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
        return size if len(data) >= size else 0

    def _named(self, data: bytes) -> list[str]:
        if data in (_PASTE, _PASTED):
            self._pasting = data == _PASTE
            return []
        char = data.decode("utf-8", "replace")
        name = _SEQUENCES.get(data) or _SINGLE.get(char, char)
        # A sequence without a name is a key without a meaning here.
        return [] if self._pasting or name.startswith("\x1b") else [name]


class Console:
    """A terminal whose keys are posted one by one; `changed` is called when its window is another one or is back."""

    def __init__(self, key: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._key, self._changed = key, changed
        self._rich = RichConsole(
            color_system=None if os.environ.get("NO_COLOR") else "auto", force_terminal=True, width=10_000
        )
        self._mode: Any = None
        self._keys = Keys()

    @property
    def encoding(self) -> str:
        """The encoding of what is shown."""
        return sys.stdout.encoding

    def size(self) -> tuple[int, int]:
        """Return how many columns and lines the window has."""
        with contextlib.suppress(OSError):
            columns, lines = os.get_terminal_size(sys.stdout.fileno())
            if columns and lines:
                return columns, lines
        return _DEFAULT_SIZE

    @contextlib.contextmanager
    def taken(self) -> Iterator[Console]:
        """Take the terminal for as long as the block lasts, however it ends; raises Terminated when told to end."""
        with ending(), _signals({"SIGWINCH": lambda *_: self._changed(), "SIGTSTP": self._suspend}):
            self._take()
            threading.Thread(target=self._read, name="keys", daemon=True).start()
            try:
                yield self
            finally:
                self._give_back()

    def draw(self, lines: list[Text]) -> None:
        """Show these lines and nothing else."""
        rows = [self._row(line) for line in lines]
        # Cleared before it is written: after a full line the cursor is still on its last character.
        drawn = _HOME + "\r\n".join(f"{_REST_OF_LINE}{row}" for row in rows) + _REST_OF_SCREEN
        self._write(_HOLD + drawn + _SHOW)

    def _row(self, line: Text) -> str:
        with self._rich.capture() as capture:
            self._rich.print(line, end="", soft_wrap=True)
        return capture.get()

    def _write(self, text: str) -> None:
        # A terminal that is gone has nothing to show; the signal that says so is on its way.
        with contextlib.suppress(OSError):
            sys.stdout.write(text)
            sys.stdout.flush()

    def _take(self) -> None:
        if sys.platform == "win32":
            # Lets the console understand the sequences above; where it does already, this does nothing.
            os.system("")  # noqa: S605
        else:
            self._mode = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin, termios.TCSANOW)
        self._write(_ENTER)

    def _give_back(self) -> None:
        self._write(_LEAVE)
        if sys.platform != "win32":
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._mode)

    def _suspend(self, number: int, _: FrameType | None) -> None:
        """Stop as the shell expects it, with the terminal as it was; go on here when the shell says so."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, self._suspend)
        self._take()
        self._changed()

    def _read(self) -> None:
        try:
            while True:
                for key in self._pressed():
                    self._key(key)
        except (OSError, EOFError):
            self._key("q")

    def _pressed(self) -> list[str]:
        if sys.platform == "win32":
            char = msvcrt.getwch()
            if char in "\x00\xe0":
                return [_WINDOWS[code] for code in msvcrt.getwch() if code in _WINDOWS]
            return [_SINGLE.get(char, char)]
        keyboard = sys.stdin.fileno()
        if self._keys.begun and not select.select([keyboard], [], [], _REST_S)[0]:
            return self._keys.feed(b"")
        data = os.read(keyboard, 1024)
        if not data:
            raise EOFError
        return self._keys.feed(data)


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Make a signal to end raise Terminated for as long as the block lasts, so that everything is tidied up."""
    with _signals({"SIGTERM": _end, "SIGHUP": _end}):
        yield


def _end(number: int, _: FrameType | None) -> None:
    raise Terminated(number)


@contextlib.contextmanager
def _signals(handlers: dict[str, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Handle those of these signals that the platform has, for as long as the block lasts."""
    known = {getattr(signal, name): handler for name, handler in handlers.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, handler) for number, handler in known.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
