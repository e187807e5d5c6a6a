"""`katas watch`: files, keys and verdicts become events, one after another, and the screen shows where that leads."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from asyncio_katas.language import say
from asyncio_katas.records import GraderFault, Kata
from asyncio_katas.rendering import page, screen
from asyncio_katas.watch.console import Console, Terminated, ending, usable
from asyncio_katas.watch.files import Reports
from asyncio_katas.watch.grading import Ended, Grader, Progressed
from asyncio_katas.watch.session import Session

# Seconds between two looks at the files of a course: where changes are reported, to notice when they are not;
# where they are not, to see a save before its author wonders. Thirteen katas cost a fifth of a millisecond each time.
_GLANCE_S, _POLL_S = 0.5, 0.1
# Seconds a report may come later than the change it reports.
_LATE_S = 1.0
# Seconds that the screen waits for a verdict before it tells that one is on its way.
_FRAME_S = 0.15
_POLLING = (
    "Nobody reports changes in this folder (a network drive, or a container's mount?), "
    "so the files are looked at every {interval} seconds."
)

Event = Callable[[], None]


def watch(course: Path, katas: list[Kata], first: Kata | None) -> int:
    """Watch until the learner quits; return the exit code.

    There are a screen and keys where there is a terminal; elsewhere each verdict is printed as lines of text.
    """
    with_screen = usable()
    session = Session(course, katas, first, everything=with_screen)
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    face: _Face = _Window(session, events) if with_screen else _Lines(session)
    try:
        with ending():
            _Loop(session, events, face, course / "katas").run()
    except Terminated as told:
        return 128 + told.number
    except BrokenPipeError:
        # Whoever read along has gone; there is nobody to tell about it either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Face(Protocol):
    """What the learner has before their eyes."""

    def opened(self, stack: ExitStack) -> None:
        """Begin, and leave with the stack."""

    def changed(self, *, soon: bool = False) -> None:
        """Note that there is something new to be seen, at once or soon."""

    def judged(self) -> None:
        """Note that the verdict on the latest text of the kata in work is known."""

    def show(self, now: float) -> None:
        """Show what is new, if it is time to."""

    def wait(self, now: float) -> float | None:
        """Return in how many seconds there will be something to show, or None."""


class _Loop:
    """Waits for events, lets them change the session, keeps the grader busy, and lets the face show it."""

    def __init__(self, session: Session, events: queue.SimpleQueue[Event], face: _Face, folder: Path) -> None:
        self._session, self._events, self._face, self._folder = session, events, face, folder
        self._unreported: float | None = None
        self._polling = False
        self._glance_at = 0.0

    def run(self) -> None:
        """Handle events until the learner has left."""
        with ExitStack() as stack:
            grader = stack.enter_context(Grader(self._hear))
            reports = stack.enter_context(Reports(self._folder, lambda: self._events.put(self._reported)))
            self._face.opened(stack)
            while not self._session.over:
                now = time.monotonic()
                if self._glance_at <= now:
                    self._glance(now, reports)
                self._keep_busy(grader, now)
                self._face.show(now)
                self._handle(self._wait(time.monotonic()))

    def _wait(self, now: float) -> float:
        moments = [self._glance_at - now, self._session.desk.wait(now), self._face.wait(now)]
        return max(min(moment for moment in moments if moment is not None), 0.0)

    def _handle(self, timeout: float) -> None:
        """Handle the next event and all that have arrived with it."""
        try:
            event = self._events.get(timeout=timeout)
            while True:
                event()
                event = self._events.get_nowait()
        except queue.Empty:
            return

    def _keep_busy(self, grader: Grader, now: float) -> None:
        desk = self._session.desk
        if desk.interrupt(now):
            grader.stop()
        elif run := desk.begin(now):
            grader.start(run, self._session.kata(run.slug), self._session.answer(run.slug))
            self._face.changed(soon=True)

    def _reported(self) -> None:
        self._unreported = None
        if self._session.look(time.monotonic()):
            self._face.changed(soon=True)

    def _glance(self, now: float, reports: Reports) -> None:
        """Look at the files unasked; where that finds what nobody reports, go on looking."""
        if self._session.look(now):
            self._face.changed(soon=True)
            self._unreported = self._unreported or now
        late = self._unreported is not None and now - self._unreported > _LATE_S
        if not self._polling and (late or reports.failed):
            self._polling = True
            self._session.tell(say(_POLLING, interval=_POLL_S))
            self._face.changed()
        self._glance_at = now + (_POLL_S if self._polling else _GLANCE_S)

    def _hear(self, news: Progressed | Ended) -> None:
        """Pass on what the grader's thread posts."""
        self._events.put(lambda: self._progressed(news) if isinstance(news, Progressed) else self._ended(news))

    def _progressed(self, news: Progressed) -> None:
        self._session.progressed(news.run, news.result, news.pending)
        # The first failure is what the learner waits for; other news may come together.
        self._face.changed(soon=self._session.view().failure is None)

    def _ended(self, news: Ended) -> None:
        if isinstance(news.error, GraderFault):
            raise news.error
        if news.error is not None:
            raise GraderFault(f"{type(news.error).__name__}: {news.error}") from news.error
        judged = self._session.ended(news.result, time.monotonic())
        self._face.changed()
        if judged and news.run.slug == self._session.desk.work:
            self._face.judged()


class _Window:
    """A screen that is drawn anew, and keys."""

    def __init__(self, session: Session, events: queue.SimpleQueue[Event]) -> None:
        self._session = session
        self._console = Console(
            key=lambda key: events.put(lambda: self._key(key)), changed=lambda: events.put(self.changed)
        )
        self._here = Path.cwd()
        self._due: float | None = 0.0

    def opened(self, stack: ExitStack) -> None:
        """Take the terminal."""
        stack.enter_context(self._console.taken())

    def changed(self, *, soon: bool = False) -> None:
        """Draw, unless what is new may as well wait for the next news."""
        due = time.monotonic() + (_FRAME_S if soon else 0)
        self._due = due if self._due is None else min(self._due, due)

    def judged(self) -> None:
        """Do nothing: whatever has changed is drawn anyway."""

    def show(self, now: float) -> None:
        """Draw what is due."""
        if self._due is None or self._due > now:
            return
        self._due = None
        width, height = self._console.size()
        view, scroll, encoding = self._session.view(), self._session.scroll, self._console.encoding
        drawn = screen.render(view, width=width, height=height, scroll=scroll, here=self._here, encoding=encoding)
        self._session.scroll = drawn.scroll
        self._console.draw(drawn.lines)

    def wait(self, now: float) -> float | None:
        """Return when to draw."""
        return None if self._due is None else self._due - now

    def _key(self, key: str) -> None:
        if key == "interrupt":
            raise KeyboardInterrupt
        self._session.key(key, time.monotonic())
        self.changed()


class _Lines:
    """Verdicts as lines of text, where nobody could press a key."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._console = page.console()
        self._here = Path.cwd()

    def opened(self, _: ExitStack) -> None:
        """Say what this is."""
        answer = self._session.answer(self._session.desk.work)
        said = say("Watching {file} and all other katas. Ctrl-C ends it.", file=answer)
        self._console.print(said, soft_wrap=True, markup=False, highlight=False)

    def changed(self, *, soon: bool = False) -> None:
        """Do nothing: lines that are printed stay."""

    def judged(self) -> None:
        """Print the verdict."""
        view, width, encoding = self._session.view(), page.columns(self._console), self._console.encoding
        text = screen.verdict(view, width=width, here=self._here, encoding=encoding)
        self._console.print(text, soft_wrap=True)
        self._console.file.flush()

    def show(self, now: float) -> None:
        """Do nothing: verdicts are printed when they are known."""

    def wait(self, now: float) -> float | None:
        """Return None: nothing is ever due."""
