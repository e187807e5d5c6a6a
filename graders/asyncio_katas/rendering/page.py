"""What all texts for a terminal share: the window, and lines that fit into it.

Texts that come from an answer are shown as they are: never as markup, and never with characters that steer a terminal.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

from asyncio_katas.protocol import clean

# What stands in for a character that the window's encoding lacks; each as wide as what it replaces.
_PLAIN = {
    "✓": "+",
    "✗": "x",
    "×": "x",
    "·": "-",
    "…": "~",
    "█": "#",
    "░": ".",
    "▏": "|",
    "▲": "^",
    "△": "'",
    "┈": "-",
    "→": ">",
}
# What stays in one line: a word between spaces, or one Chinese sign, with the punctuation that may not stand alone.
_UNBROKEN = re.compile(r" *(?:[（《“‘]*[⺀-鿿]|[^ ⺀-鿿（《“‘，。；：！？、）》”’]+|.)[，。；：！？、）》”’…]*")
# Columns: of no window, and of a line that is easy to read.
NO_WINDOW, _WIDEST = 80, 100


def console() -> Console:
    """Return the window, without colour where the learner wants none."""
    return Console(color_system=None if os.environ.get("NO_COLOR") else "auto")


def columns(window: Console) -> int:
    """Return how wide to write: as the window is, if there is one."""
    return window.width if window.is_terminal else NO_WINDOW


def show(fill: Callable[[Page], None]) -> None:
    """Print what `fill` puts on a page for the window there is."""
    window = console()
    page = Page(columns(window), window.encoding, Path.cwd())
    fill(page)
    window.print(page.text(), soft_wrap=True)


class Page:
    """Lines no wider than the window, in characters that its encoding has."""

    def __init__(self, width: int, encoding: str, here: Path) -> None:
        self.width, self._encoding, self._here = min(width, _WIDEST), encoding, here
        self.lines: list[Text] = []

    def text(self) -> Text:
        """Return all lines as one text."""
        return Text("\n").join(self.lines)

    def line(self, *parts: tuple[str, str]) -> None:
        """Add one line of (text, style) parts, cut where the window ends."""
        line = Text()
        for text, style in parts:
            line.append(self.fit(text.replace("\n", " "), self.width - line.cell_len), style)
        line.rstrip()
        self.lines.append(line)

    def paragraph(self, text: str, style: str = "", *, lead: str = "", lead_style: str = "") -> None:
        """Add a text, if any, broken at its spaces; its lines line up behind `lead`, which stands before the first."""
        for row in _wrap(self.safe(text), max(self.width - cell_len(lead), 2)) if text else ():
            self.line((lead, lead_style), (row, style))
            lead = " " * cell_len(lead)

    def pair(self, first: str, second: str, style: str = "") -> None:
        """Add two texts in one line where they fit, else in a line each: a command stays in one piece."""
        # Full-width punctuation brings its own space along.
        both = f"{first}{'' if cell_len(first[-1:]) == 2 else ' '}{second}"
        for text in [both] if cell_len(self.safe(both)) <= self.width else [first, second]:
            self.paragraph(text, style)

    def fit(self, text: str, room: int) -> str:
        """Return a text made safe, and cut to so many columns."""
        text = self.safe(text)
        if cell_len(text) <= room:
            return text
        return set_cell_size(text, room - 1).rstrip() + self.safe("…") if room > 0 else ""

    def path(self, path: str | Path, line: int | None = None) -> str:
        """Return how to name a file so that a click finds it: from here if it lies below, else in full."""
        full = self._here / path
        name = full.relative_to(self._here) if full.is_relative_to(self._here) else full
        return str(name) if line is None else f"{name}:{line}"

    def safe(self, text: str) -> str:
        """Return a text without what steers a terminal, in characters that the window has."""
        text = clean(text).replace("\t", " ")
        if text.encode(self._encoding, "ignore").decode(self._encoding) == text:
            return text
        # What takes no column has to go: a stand-in would take one.
        spare = _PLAIN.get(text, "?" if cell_len(text) else "")
        return spare if len(text) == 1 else "".join(map(self.safe, text))


def _wrap(text: str, width: int) -> Iterator[str]:
    for line in text.split("\n"):
        row = ""
        for word in _UNBROKEN.findall(line):
            if row and cell_len(row + word) > width:
                yield row
                row = word.lstrip(" ")
            else:
                row += word
            *full, row = chop_cells(row, width) or [""]
            yield from full
        yield row
