"""Which text is the latest of each kata, what is to be graded next, and whether a verdict is still wanted.

A state machine without files, threads or clocks: it is told what was seen and when (in seconds of any one clock).
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

# Seconds a text that looks half-written has to become a whole one: far above the pause between the truncation and
# the writing of a save, and short for whoever really saved a syntax error.
PATIENCE_S = 0.3


@dataclass(frozen=True)
class Run:
    """One grading: of which kata, and of which text. None stands for a file that is not there."""

    slug: str
    text: bytes | None
    number: int


@dataclass
class Desk:
    """What lies there to be graded. `work` is the kata somebody waits for: it comes first, and interrupts others."""

    slugs: Sequence[str]
    work: str
    running: Run | None = None
    _latest: dict[str, bytes | None] = field(default_factory=dict)
    _judged: dict[str, bytes | None] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _count: int = 0
    _interrupted: bool = False

    def look(self, slug: str, text: bytes | None, now: float, *, grade: bool = True) -> bool:
        """Note what the file of a kata holds now; tell whether that is something else than before.

        Without `grade` it is only remembered, to be compared with later.
        """
        if slug in self._latest and self._latest[slug] == text:
            return False
        before = self._latest.get(slug)
        self._latest[slug] = text
        run = self.running
        under_way = run is not None and (run.slug, run.text) == (slug, text) and not self._interrupted
        if not grade or under_way or (slug in self._judged and self._judged[slug] == text):
            self._due.pop(slug, None)
        else:
            self._due[slug] = now + (PATIENCE_S if looks_half_written(text, before) else 0)
        return True

    def demand(self, slug: str, now: float) -> None:
        """Have a kata graded again although its text is the same."""
        self._judged.pop(slug, None)
        if self.running is None or self.running.slug != slug:
            self._due.setdefault(slug, now)

    def begin(self, now: float) -> Run | None:
        """Return what is to be graded now, if anything; it runs from here on."""
        due = [slug for slug, moment in self._due.items() if moment <= now]
        if self.running or not due:
            return None
        start = self.slugs.index(self.work)
        order = [*self.slugs[start:], *self.slugs[:start]]
        slug = min(due, key=order.index)
        del self._due[slug]
        self._count += 1
        self.running = Run(slug, self._latest[slug], self._count)
        return self.running

    def interrupt(self, now: float) -> bool:
        """Tell, once, that the grading that runs should be ended: of an old text, or in the way of the kata in work."""
        run = self.running
        if run is None or self._interrupted:
            return False
        awaited = run.slug != self.work and self.work in self._due and self._due[self.work] <= now
        self._interrupted = self.obsolete or awaited
        return self._interrupted

    @property
    def obsolete(self) -> bool:
        """Whether the grading that runs is of a text that is no longer the latest."""
        return self.running is not None and self.running.text != self._latest[self.running.slug]

    def end(self, *, judged: bool, now: float) -> bool:
        """Note that the grading has ended, with a verdict or without; tell whether it is one of the latest text."""
        run, stale = self.running, self.obsolete
        assert run is not None
        self.running, self._interrupted = None, False
        if judged and not stale:
            self._judged[run.slug] = run.text
            # It was told to end, the text came back, and it had been through: nothing is left to grade.
            self._due.pop(run.slug, None)
            return True
        if not stale:
            self._due.setdefault(run.slug, now)
        return False

    def settled(self, slug: str) -> bool:
        """Tell whether the verdict on this kata's latest text is known."""
        return slug not in self._due and not (self.running and self.running.slug == slug) and slug in self._latest

    def wait(self, now: float) -> float | None:
        """Return in how many seconds there may be something to begin or to end, or None."""
        due = [moment for slug, moment in self._due.items() if self.running is None or slug == self.work]
        return max(min(due) - now, 0.0) if due and not self._interrupted else None


def looks_half_written(text: bytes | None, before: bytes | None) -> bool:
    """Tell whether a text may be a file in the middle of being saved: absent, cut off, or no Python."""
    if not text or not text.strip():
        return True
    if before and before != text and (before.startswith(text) or (before.endswith(b"\n") and not text.endswith(b"\n"))):
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return False
