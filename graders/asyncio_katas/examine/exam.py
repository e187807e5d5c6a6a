"""What the examinations in `solutions/*/exam_*.py` are written with.

An examination is a function `exam_...(exam)` with a one-sentence docstring and `@examine.task(n)`. It opens scenes,
lets time pass in them and judges afterwards. What varies is drawn from `exam.draw`; what an answer must not be able
to know beforehand comes from `exam.mint()`.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from asyncio_katas.examine.channel import Channel
from asyncio_katas.examine.scene import Call, Notices, Plan, Run, Scene, Service, fail

__all__ = ["Call", "Exam", "Notices", "Plan", "Run", "Scene", "Service", "fail", "task"]

# Binary fractions, so that sums of drawn times are exact, and fine enough that two rarely coincide.
_GRAIN = 64
_Check = TypeVar("_Check", bound=Callable[..., None])
# What collaborators raise: of kinds that nothing but themselves is likely to raise.
_KINDS = ("LookupError", "OSError", "ConnectionResetError", "BufferError", "TimeoutError", "ArithmeticError")


def task(number: int) -> Callable[[_Check], _Check]:
    """Say which task of its kata an examination belongs to; the course reads this without importing the file."""
    assert number > 0
    return lambda check: check


class Exam:
    """One check of an examination, with everything that is drawn for it from the secret seed."""

    def __init__(self, channel: Channel, seed: bytes, name: str) -> None:
        self._channel = channel
        self._secret = hashlib.sha256(seed + b"\0" + name.encode()).digest()
        self.draw = random.Random(hashlib.sha256(self._secret + b"draw").digest())  # noqa: S311 - of a hashed seed
        self._minted = 0

    def mint(self) -> str:
        """Return a new text that nobody can guess, whatever texts they know."""
        self._minted += 1
        return hashlib.sha256(self._secret + b"mint" + str(self._minted).encode()).hexdigest()[:20]

    def mints(self, number: int) -> list[str]:
        """Return so many new texts."""
        return [self.mint() for _ in range(number)]

    def seconds(self, low: float = 1, high: float = 16) -> float:
        """Draw a time that is exact in binary."""
        return self.draw.randint(int(low * _GRAIN), int(high * _GRAIN)) / _GRAIN

    def times(self, number: int, low: float = 1, high: float = 16) -> list[float]:
        """Draw so many different times, in no order."""
        return [each / _GRAIN for each in self.draw.sample(range(int(low * _GRAIN), int(high * _GRAIN)), number)]

    def error(self, *kinds: str) -> Any:
        """Return an exception of one of these kinds, whose text nobody can guess."""
        return {"error": [self.draw.choice(kinds or _KINDS), self.mint()]}

    def form(self) -> str:
        """Draw the form of what a collaborator gives."""
        return self.draw.choice(["coroutine", "custom"])

    @contextmanager
    def scene(self) -> Iterator[Scene]:
        """Give a scene; it is closed after a block that did not fail."""
        scene = Scene(self._channel, self.draw, self.mint)
        yield scene
        scene.close()
