"""The proof of a course, for its authors: a line per kata as it is done, a table, and every problem in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from asyncio_katas.protocol import clean
from asyncio_katas.records import Proof

# Each column: what its claims are about, its title, and the title where there is little room.
_COLUMNS = {
    "stub": ("stub", "stub"),
    "right": ("right accepted", "right"),
    "wrong": ("wrong rejected", "wrong"),
    "named": ("mistake named", "named"),
    "held back": ("held-back accept", "held back"),
    "example": ("examples run", "examples"),
}


class View:
    """What an author watches while the proof runs."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("trials", total=None)

    def done(self, tried: int, trials: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=tried, total=trials)

    def kata(self, proof: Proof) -> None:
        """Print a kata's line, and what does not hold of it."""
        counts = "  ".join(f"{title} {_share([proof], about)}" for about, (title, _) in _COLUMNS.items())
        sign, style = ("✗", "red") if proof.problems else ("✓", "green")
        self._console.print(Text.assemble((sign, style), f" {proof.kata.label}  {counts}"), soft_wrap=True)
        for claim in proof.problems:
            text = f"    {claim.about} {claim.name}: {clean(str(claim.problem))}"
            self._console.print(Text(text), soft_wrap=True)


@contextmanager
def view() -> Iterator[View]:
    """Give the view, with a bar for as long as the block lasts where somebody watches."""
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield View(console, progress)


def table(proofs: Sequence[Proof]) -> None:
    """Print the numbers of all katas and their sum."""
    counts = [Column(short, no_wrap=True, justify="right") for _, short in _COLUMNS.values()]
    grid = Table(Column("kata", no_wrap=True), *counts, box=SIMPLE, padding=0)
    for row in _rows(proofs):
        grid.add_row(*row)
    Console().print(grid)


def markdown(proofs: Sequence[Proof]) -> str:
    """Return the same table as Markdown."""
    rows = [["kata", *(title for title, _ in _COLUMNS.values())], ["---", *["---:"] * len(_COLUMNS)], *_rows(proofs)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(proofs: Sequence[Proof]) -> list[list[str]]:
    ordered = sorted(proofs, key=lambda proof: proof.kata.label)
    rows = [[proof.kata.label, *(_share([proof], about) for about in _COLUMNS)] for proof in ordered]
    return [*rows, ["all", *(_share(ordered, about) for about in _COLUMNS)]]


def _share(proofs: Sequence[Proof], about: str) -> str:
    counts = [proof.count(about) for proof in proofs]
    return f"{sum(held for held, _ in counts)}/{sum(total for _, total in counts)}"
