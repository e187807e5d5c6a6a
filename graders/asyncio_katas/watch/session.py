"""One sitting at the katas: what the files say, what was graded, what keys ask for, and what there is to be seen.

It reads files and keeps the learner's progress, and knows no thread, no terminal and no child: whoever drives it
tells the time (seconds of any one clock), hands in keys and verdicts, and asks what to grade.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from asyncio_katas import catalog, learning, scoring, staging
from asyncio_katas import progress as memory
from asyncio_katas.language import say
from asyncio_katas.localisation import localise, localise_message
from asyncio_katas.records import CheckResult, Kata, KataResult, KatasError, Outcome, Report
from asyncio_katas.rendering.screen import Showing, View
from asyncio_katas.watch.watching import Desk, Run

# Seconds for which a file's time stamp does not tell two saves apart, whatever the file system.
_YOUNG_S = 2.0
# Keys that speak of the verdict: they wait for the one that is on its way.
_NEED_A_VERDICT = ("h", "s")
_SAME = {"right": "n", "left": "p", "k": "up", "j": "down"}


class Session:
    """The state of one sitting. `over` tells that the learner has left it."""

    def __init__(self, course: Path, katas: Sequence[Kata], first: Kata | None, *, everything: bool = True) -> None:
        """Begin with this kata, else where the learner was, else with the first that is not known to be solved.

        Without `everything`, only what is being worked on is graded.
        """
        self._course = course
        self._katas = {kata.slug: kata for kata in katas}
        self._everything = everything
        self.progress = memory.load(course)
        known = self._katas.get(self.progress.current or "")
        unsolved = [kata for kata in katas if kata.slug not in self.progress.solved]
        work = first or known or (unsolved or katas)[0]
        # Where nothing is known yet, the first look at all katas tells with which to begin.
        self._opening = everything and not (first or known or self.progress.solved)
        self.desk = Desk(list(self._katas), work.slug)
        self.over = False
        self.scroll = 0
        self._read = ""
        self._results = {kata.slug: self._blank(kata) for kata in katas}
        self._live: tuple[Run, KataResult, frozenset[str]] | None = None
        self._stamps: dict[Path, tuple[object, ...]] = {}
        self._asked: list[str] = []
        self._showing = Showing.KATA
        self._cursor = 0
        self._hint: learning.Hint | None = None
        self._notes: tuple[str, ...] = ()
        self._confirming = False
        self._answer = 0
        self._text = "", ""
        self._at: dict[str, str] = {}

    def kata(self, slug: str) -> Kata:
        """Return a kata as its files are now."""
        return self._katas[slug]

    def answer(self, slug: str) -> Path:
        """Return where the learner's answer to a kata is."""
        return staging.answer_path(self._katas[slug], self._course / "katas")

    def look(self, now: float) -> bool:
        """Look at all files; tell whether any text has changed."""
        changed = [slug for slug in self._katas if self._look_at(slug, now)]
        if len(changed) == 1 and self.desk.work not in changed and self.answer(changed[0]).exists():
            self._go(changed[0])
        if changed:
            self._notes, self._confirming = (), False
        return bool(changed)

    def _look_at(self, slug: str, now: float) -> bool:
        """Look at one kata's files; tell whether somebody has saved one since the last look."""
        kata, answer = self._katas[slug], self.answer(slug)
        first = answer not in self._stamps
        if self._touched(kata.check_file) | self._touched(kata.folder / "kata.toml") and not first:
            self._reload(kata, now)
        if not self._touched(answer):
            return False
        wanted = not first or self._everything or slug == self.desk.work
        return self.desk.look(slug, staging.read(answer), now, grade=wanted) and not first

    def _touched(self, path: Path) -> bool:
        """Tell whether a file may be another one than at the last look."""
        try:
            status = path.stat()
        except OSError:
            stamp: tuple[object, ...] = ()
        else:
            young = abs(time.time() - status.st_mtime) < _YOUNG_S
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino, object() if young else None)
        before, self._stamps[path] = self._stamps.get(path), stamp
        return stamp != before

    def _reload(self, kata: Kata, now: float) -> None:
        try:
            fresh = catalog.load(kata.folder)
        except KatasError as error:
            self._notes = _words(error)
            return
        if fresh != kata:
            self._katas[kata.slug] = fresh
            self._results[kata.slug] = self._blank(fresh)
            self.desk.demand(kata.slug, now)

    def progressed(self, run: Run, result: KataResult, pending: frozenset[str]) -> None:
        """Take in what is known so far of the grading that runs."""
        if run == self.desk.running and not self.desk.obsolete:
            self._live = (run, result, pending)
            failure = self.view().failure
            if run.slug == self.desk.work and failure:
                self._begin_at_the_top(failure)

    def ended(self, result: KataResult | None, now: float) -> bool:
        """Take in how the grading that ran has ended; tell whether that is a verdict on the latest text."""
        run = self.desk.running
        self._live = None
        if not self.desk.end(judged=result is not None, now=now) or run is None or result is None:
            return False
        self._results[run.slug] = result
        self._at[run.slug] = time.strftime("%H:%M:%S")
        if self.progress.note_solved(Report((result,))):
            self._remember()
        if run.slug == self.desk.work:
            self._judged(result)
        if self._opening and all(map(self.desk.settled, self._katas)):
            self._open()
        return True

    def _judged(self, result: KataResult) -> None:
        """Do what depends on the verdict on the kata in work."""
        if result.solved or result.first_failure:
            self._begin_at_the_top(result.first_failure)
        if self._hint and (result.solved or self._hint.task != result.failing_task):
            self._hint = None
        asked, self._asked = self._asked, []
        for key in asked:
            self._act(key)

    def _begin_at_the_top(self, failure: CheckResult | None) -> None:
        """Scroll back where there is something else to read now than what was being read; a rerun is no reason."""
        read = failure.check.id if failure else ""
        if self._showing is Showing.KATA and read != self._read:
            self.scroll = 0
        self._read = read

    def _open(self) -> None:
        """Choose the kata to begin with, now that all are known: one that was begun, else one that was not."""
        self._opening = False
        work = Report(tuple(self._results.values())).in_work(None)
        self._go(work.kata.slug if work else self.desk.work)

    def key(self, key: str, now: float) -> None:
        """Do what a key asks for, now or as soon as the verdict it speaks of is known; once, however often pressed."""
        key = _SAME.get(key, key.lower())
        self._opening = False
        if key == "q":
            self.over = True
        elif self._confirming:
            self._confirming, self._notes = False, ()
            if key == "y":
                self._reset(now)
        elif key in _NEED_A_VERDICT and self._showing is not Showing.ANSWER and not self.desk.settled(self.desk.work):
            if key not in self._asked:
                self._asked.append(key)
        elif key == "enter" and self._showing is Showing.KATA:
            self.desk.demand(self.desk.work, now)
        elif key == "a":
            self._show_list()
            for slug in self._katas:
                self.desk.demand(slug, now)
        else:
            self._act(key)

    def _act(self, key: str) -> None:
        listing, answering = (self._showing is showing for showing in (Showing.LIST, Showing.ANSWER))
        if key in ("up", "down", "pageup", "pagedown"):
            self._move({"up": -1, "down": 1, "pageup": -10, "pagedown": 10}[key])
        elif key in ("n", "p"):
            slugs = list(self._katas)
            self._go(slugs[(slugs.index(self.desk.work) + (1 if key == "n" else -1)) % len(slugs)])
        elif key == "enter" and listing:
            self._go(list(self._katas)[self._cursor])
        elif key == "escape" or (key == "l" and listing):
            self._show(Showing.KATA)
        elif key == "l":
            self._show_list()
        elif key == "s":
            self._answer = self._answer + 1 if answering else 0
            self._solution()
        elif key == "h" and not answering:
            self._next_hint()
        elif key == "r" and not answering:
            self._show(Showing.KATA)
            self._confirming = True
            template = "Put the stub back into {file}? What you wrote is kept in a backup. y: yes, any other key: no."
            self._notes = (say(template, file=self.answer(self.desk.work).name),)

    def _move(self, by: int) -> None:
        if self._showing is Showing.LIST:
            self._cursor = min(max(self._cursor + by, 0), len(self._katas) - 1)
        else:
            self.scroll = max(self.scroll + by, 0)

    def _show(self, showing: Showing) -> None:
        self._showing, self.scroll, self._notes = showing, 0, ()

    def _show_list(self) -> None:
        self._show(Showing.LIST)
        self._cursor = list(self._katas).index(self.desk.work)

    def _go(self, slug: str) -> None:
        self._show(Showing.KATA)
        if slug != self.desk.work:
            self.desk.work, self._hint, self._asked = slug, None, []
        if self.progress.current != slug:
            self.progress.current = slug
            self._remember()

    def _next_hint(self) -> None:
        result = self._results[self.desk.work]
        self._show(Showing.KATA)
        if result.solved:
            self._notes = (say("This kata is solved: there is nothing to hint at."),)
            return
        before = self._hint
        self._hint = learning.hint(result.kata, result, self.progress) or before
        if self._hint == before:
            self._notes = (say("There is no further hint for this task."),)
        self._remember()

    def _solution(self) -> None:
        result = self._results[self.desk.work]
        answers = learning.answers(result.kata, self._course) if result.solved else []
        if not answers:
            self._show(Showing.KATA)
            open_later = "The solution can be read here as soon as this kata is solved."
            self._notes = (say("This course came without its solutions." if result.solved else open_later),)
            return
        self._answer %= len(answers)
        path = answers[self._answer]
        title = say("Answer {number} of {count}: {path}", number=self._answer + 1, count=len(answers), path=path)
        self._text = title, path.read_text(encoding="utf-8", errors="replace")
        self._show(Showing.ANSWER)

    def _reset(self, now: float) -> None:
        slug = self.desk.work
        try:
            backup = learning.reset(self._katas[slug], self._course)
        except KatasError as error:
            self._notes = _words(error)
            return
        self.look(now)
        self._hint = None
        template = "The stub is back. What you wrote is kept in {file}" if backup else "The stub is back."
        self._notes = (say(template, file=backup),)

    def _remember(self) -> None:
        try:
            memory.save(self._course, self.progress)
        except KatasError as error:
            self._notes = _words(error)

    def tell(self, *notes: str) -> None:
        """Show what whoever drives the session has to say."""
        self._notes = notes

    def view(self) -> View:
        """Return all there is to see."""
        work = self.desk.work
        unknown = frozenset(slug for slug in self._katas if not self.desk.settled(slug)) if self._everything else ()
        result, pending = self._results[work], frozenset[str]()
        if self._live and self._live[0].slug == work:
            result, pending = self._live[1:]
        elif not self.desk.settled(work) and all(check.outcome is Outcome.NOT_RUN for check in result.checks):
            pending = frozenset(check.check.id for check in result.checks)
        return View(
            results=tuple(result if slug == work else known for slug, known in self._results.items()),
            work=result,
            unknown=frozenset(unknown) - {work},
            pending=pending,
            checking=not self.desk.settled(work),
            showing=self._showing,
            cursor=self._cursor,
            hint=_said(self._hint),
            notes=self._notes,
            answer=self._text,
            at=self._at.get(work, ""),
        )

    def _blank(self, kata: Kata) -> KataResult:
        """Return what a kata looks like of which nothing is known yet."""
        assembly = staging.Assembly(kata, staging.answer_path(kata, self._course / "katas"), kata.folder)
        return localise(scoring.score([assembly], {})).katas[0]


def _said(hint: learning.Hint | None) -> str:
    if hint is None:
        return ""
    template = "Hint {number} of {count} for task {task}: {text}"
    return say(template, number=hint.number, count=hint.of, task=hint.task, text=hint.text)


def _words(error: KatasError) -> tuple[str, str]:
    return str(localise_message(error.fact)), str(localise_message(error.next_step))
