"""The limit of one check: a signal that cannot be forgotten, whatever the code under test catches."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

from asyncio_katas.lab.chains import Place, answer_line, place_of
from asyncio_katas.lab.messages import CheckFailed, Message

# Code that swallows the first interruption meets further ones, in real seconds.
_AGAIN = 0.5


class LimitFired(BaseException):
    """The check's time is over; raised wherever the code under test stands."""


class Limit:
    """One check's limit in real seconds, enforced by SIGALRM where the platform has it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.fired = False
        self.line: Place | None = None
        self._previous: Callable[[int, FrameType | None], object] | int | None = None

    @staticmethod
    def available() -> bool:
        """Tell whether this platform and thread can be interrupted by a signal."""
        return hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()

    def arm(self) -> None:
        """Start counting."""
        self._previous = signal.signal(signal.SIGALRM, self._fire)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, _AGAIN)

    def disarm(self) -> None:
        """Stop counting, and give the signal back."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._previous or signal.SIG_DFL)

    def stop_repeating(self) -> None:
        """Interrupt no more: the code under test has been left."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _fire(self, _: int, frame: FrameType | None) -> None:
        places: list[Place] = []
        while frame is not None:
            places.append(place_of(frame))
            frame = frame.f_back
        if not self.fired:
            self.fired = True
            self.line = answer_line(reversed(places))
        raise LimitFired

    def verdict(self) -> CheckFailed:
        """Return what to tell about a limit that fired."""
        if self.line is None:
            return CheckFailed(
                Message.of("The check did not end within {seconds} seconds.", {"seconds": self.seconds}),
                Message("Look for something that never ends: a loop without a way out, a wait nobody answers."),
            )
        return CheckFailed(
            Message.of(
                "The check did not end within {seconds} seconds. It was stopped here:\n  {place}: {source}",
                {"seconds": self.seconds, "place": str(self.line), "source": self.line.source()},
            ),
            Message("Look at this line: does it block the thread, or repeat without a way out?"),
        )
