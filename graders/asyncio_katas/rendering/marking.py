"""Grading a class, as its teacher watches it: a bar with rate and time left, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from asyncio_katas.language import say
from asyncio_katas.marks import Person, Row
from asyncio_katas.protocol import clean
from asyncio_katas.rendering.grades import UNGRADABLE, standing

# So many are named one by one; all of them are in the reports.
_MOST_NAMED = 10


class _Rate(ProgressColumn):
    """How many submissions are graded in a minute."""

    def render(self, task: Task) -> Text:
        """Return the rate as far as it is known."""
        speed = task.finished_speed or task.speed
        return Text(say("{rate:.0f}/min", rate=speed * 60) if speed else "")


class View:
    """What a teacher watches while a class is graded."""

    def __init__(self, console: Console, progress: Progress, total: int) -> None:
        self._console, self._progress, self._total, self._done = console, progress, total, 0
        self._task = progress.add_task("submissions", total=total)

    def line(self, template: str, **values: object) -> None:
        """Print a sentence."""
        text = say(template, total=self._total, done=self._done, **values)
        self._console.print(Text(clean(text)), soft_wrap=True)

    def graded(self, row: Row) -> None:
        """Move on by one submission; where nobody watches a bar, say so in a line."""
        self._done += 1
        self._progress.update(self._task, completed=self._done)
        if not self._console.is_terminal:
            self.line("{done}/{total} {name}: {said}", name=row.name, said=standing(row))

    def skipped(self) -> None:
        """Move on by one submission that had been graded before."""
        self._done += 1
        self._progress.update(self._task, completed=self._done)

    def failed(self, name: str, fault: str) -> None:
        """Tell that the grader failed at a submission."""
        self.line("{name}: the grader itself failed, and nothing is noted: {fault}", name=name, fault=fault)


@contextmanager
def view(total: int) -> Iterator[View]:
    """Give the view, with a bar for as long as the block lasts where somebody watches."""
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield View(console, progress, total)


def close(rows: Sequence[Row], absent: Sequence[Person], out: Path, skipped: int) -> None:
    """Say what came of it, and where the reports are."""
    console = Console()

    def line(template: str, **values: object) -> None:
        console.print(Text(clean(say(template, **values))), soft_wrap=True)

    line("{count} submissions are in the gradebook; {same} were unchanged.", count=len(rows), same=skipped)
    odd = [row for row in rows if row.state == UNGRADABLE]
    _named(line, "{count} could not be graded, or not wholly:", odd)
    _named(line, "{count} were tampered with:", [row for row in rows if row.tampered])
    _named(line, "{count} with other points claimed than the checks give:", [row for row in rows if row.disputed])
    if absent:
        line("{count} on the roster handed in nothing.", count=len(absent))
    line("The reports are in {out}\nOpen in a browser: {uri}", out=out, uri=(out / "index.html").resolve().as_uri())


def _named(line: Callable[..., None], what: str, found: Sequence[Row]) -> None:
    if not found:
        return
    line(what, count=len(found))
    for row in found[:_MOST_NAMED]:
        line("  {name}: {said}", name=row.name, said=" ".join(row.remarks) or standing(row))
    if len(found) > _MOST_NAMED:
        line("  … and {count} more, all in the reports.", count=len(found) - _MOST_NAMED)
