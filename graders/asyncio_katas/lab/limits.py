"""The limit of one check: a signal that cannot be forgotten, whatever the code under test catches."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from asyncio_katas.lab.chains import Place, stack_line
from asyncio_katas.lab.messages import CheckFailed, Message

# Code that swallows the first interruption meets further ones, in real seconds.
_AGAIN = 0.5
# What cleaning up after a check may take, in real seconds.
_CLEANING = 3.0


class LimitFired(BaseException):
    """The check's time is over; raised wherever the code under test stands."""


class Limit:
    """One check's limit in real seconds, enforced by SIGALRM where the platform has it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.fired = False
        self.line: Place | None = None
        self._armed = False
        self._previous: Callable[[int, FrameType | None], object] | int | None = None

    @staticmethod
    def available() -> bool:
        """Tell whether this platform and thread can be interrupted by a signal."""
        return hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()

    def arm(self) -> None:
        """Start counting."""
        self._previous = signal.signal(signal.SIGALRM, self._fire)
        self._start(self.seconds)

    def disarm(self) -> None:
        """Stop counting, and give the signal back."""
        self.stop()
        signal.signal(signal.SIGALRM, self._previous or signal.SIG_DFL)

    def stop(self) -> None:
        """Interrupt no more: the code under test has been left."""
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def cleaning(self) -> Iterator[None]:
        """Give what cleans up in the block a limit of its own, and leave the block when that is over."""
        # Whoever reports a failure gives the signal back before the teardown.
        signal.signal(signal.SIGALRM, self._fire)
        self._start(_CLEANING)
        try:
            yield
        except LimitFired:
            pass
        finally:
            self.stop()

    def _start(self, seconds: float) -> None:
        self._armed = True
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)

    def _fire(self, _: int, frame: FrameType | None) -> None:
        if not self._armed:
            return
        if not self.fired:
            self.fired = True
            self.line = stack_line(frame)
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
