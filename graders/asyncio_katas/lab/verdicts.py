"""Verdicts: why a check did not pass, in the learner's words, whatever it was that left the check."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from asyncio_katas.lab.chains import Place, answer_line
from asyncio_katas.lab.lab import Lab
from asyncio_katas.lab.messages import CheckFailed, Message, describe
from asyncio_katas.lab.timeline import MEANING, Mark, draw, shown, unexplained

# To pytest these are no failures, and some would end the session.
OUTCOMES = (pytest.skip.Exception, pytest.fail.Exception, pytest.exit.Exception)


class LeftTheCheck(Exception):  # noqa: N818 - an outcome, not an error of the program
    """The code under test raised what ends a check, or the whole run, without failing it; its name is the text."""


_LEFT = "An exception left the code: {error}"
_Explanation = tuple[Message, Message | None]


@dataclass(frozen=True)
class Verdict:
    """Why a check did not pass."""

    outcome: str
    message: Message
    look: Message | None = None
    place: Place | None = None
    timeline: dict[str, Any] | None = None
    mark: Message | None = None

    def __str__(self) -> str:
        parts = [str(self.message)]
        if self.look:
            parts.append(str(self.look))
        if self.timeline:
            signs = "  ".join(map(" ".join, (MEANING[what] for what in unexplained(shown(self.timeline)))))
            parts += ["", *draw(self.timeline), *([signs] if signs else [])]
        if self.place:
            parts += ["", f"{self.place.path}:{self.place.line}: {self.place.source()}"]
        return "\n".join(parts)


def judge(error: BaseException, lab: Lab | None = None, *, limited: bool = False) -> Verdict:
    """Turn whatever left a check into a verdict."""
    place = answer_place(error)
    if isinstance(error, CheckFailed):
        timeline = lab.timeline.record(lab.last_moment, error.mark) if lab else None
        text = error.mark.text if error.mark else None
        mark = Message(text) if isinstance(text, str) else text
        return Verdict("timeout" if limited else "failed", error.message, error.look, place, timeline, mark)
    if is_stub(error):
        return Verdict("not_started", Message("Not written yet."), None, place)
    timeline = lab.timeline.record(lab.last_moment, _crash(error, lab)) if lab else None
    message, look = explain(error)
    return Verdict("error", message, look, place, timeline)


def _crash(error: BaseException, lab: Lab) -> Mark | None:
    """Return the moment at which an exception left a call, if it is known."""
    ends = [call.ended for call in lab.calls if call.error is error and call.ended is not None]
    return Mark(ends[0], type(error).__name__) if ends else None


def judge_import(error: BaseException) -> Verdict:
    """Turn whatever left the import of an answer into a verdict."""
    found = judge(error)
    if not found.message.template.startswith(_LEFT):
        return found
    message = Message.of("The file could not be imported: {error}", {"error": describe(error)})
    look = Message('What stands at the top level runs at import. Put a trial call under `if __name__ == "__main__":`.')
    return replace(found, message=message, look=look)


def explain(error: BaseException) -> _Explanation:
    """Say in words what an unexpected exception means: what happened, and where to look."""
    for recognise in (_unreadable, _ended_program, _misused_names, _misused_python):
        explanation = recognise(error)
        if explanation is not None:
            return explanation
    if isinstance(error, BaseExceptionGroup):
        inner = "; ".join(describe(leaf) for leaf in leaves(error)[:3])
        values = {"error": describe(error), "inner": inner}
        return Message.of("An exception left the code: {error} [{inner}]", values), None
    return Message.of(_LEFT, {"error": describe(error)}), None


def _unreadable(error: BaseException) -> _Explanation | None:
    if isinstance(error, SyntaxError):
        where = {"file": Path(error.filename or "?").name, "line": error.lineno or 0, "problem": error.msg}
        text = (error.text or "").strip()
        return (
            Message.of("{file} cannot be read as Python: line {line}: {problem}\n  {text}", {**where, "text": text}),
            Message("Python stops at the first such place; the mistake may also be on the line before."),
        )
    if isinstance(error, UnicodeDecodeError) and answer_place(error) is None:
        return (
            Message("The file cannot be read as Python: it is not saved as UTF-8 text."),
            Message("Let your editor save it with the encoding UTF-8."),
        )
    return None


def _ended_program(error: BaseException) -> _Explanation | None:
    if isinstance(error, SystemExit):
        return (
            Message("The code called exit()."),
            Message("A function that is called by others must not end the program."),
        )
    if isinstance(error, LeftTheCheck):
        return Message.of("The code tried to leave the check by {error}.", {"error": str(error)}), None
    if isinstance(error, OUTCOMES):
        return explain(LeftTheCheck(type(error).__name__))
    return None


def _misused_names(error: BaseException) -> _Explanation | None:
    if isinstance(error, AttributeError) and type(error.obj).__name__ == "module":
        values = {"name": str(error.name), "module": getattr(error.obj, "__name__", "?")}
        return (
            Message.of("{module}.py has no `{name}`.", values),
            Message("Names and signatures are part of the task. The kata's README lists them."),
        )
    if isinstance(error, ImportError):
        return (
            Message.of("The file could not be imported: {error}", {"error": describe(error)}),
            Message("A kata needs nothing but Python itself."),
        )
    return None


def _misused_python(error: BaseException) -> _Explanation | None:
    signs: list[tuple[Callable[[], bool], Message, Message]] = [
        (
            lambda: isinstance(error, OSError) and error.errno == errno.EFBIG,
            Message("The code printed more than a check can take."),
            Message("Look for a print() in a loop that does not end."),
        ),
        (
            lambda: isinstance(error, RecursionError),
            Message("A function called itself without end."),
            Message("Look for the case in which it should not call itself again."),
        ),
        (
            lambda: isinstance(error, RuntimeError) and "already awaited coroutine" in describe(error),
            Message("A coroutine was awaited a second time."),
            Message("A coroutine runs once. Call the function again for a new one."),
        ),
        (
            lambda: isinstance(error, TypeError) and "awaitable is required" in describe(error),
            Message("Something that cannot be awaited was given to asyncio."),
            Message("A function has to be called first: what it returns can be awaited, the function itself cannot."),
        ),
        (
            lambda: "reading from stdin" in describe(error),
            Message("The code asked for keyboard input."),
            Message("A check cannot type. Everything the function needs comes in as an argument."),
        ),
    ]
    return next(((fact, look) for fits, fact, look in signs if fits()), None)


def leaves(error: BaseException) -> list[BaseException]:
    """Return the exceptions inside nested groups; one that is no group stands for itself."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def is_stub(error: BaseException) -> bool:
    """Tell whether an exception is, or holds, the NotImplementedError of an unwritten answer."""
    return any(isinstance(leaf, NotImplementedError) and answer_place(leaf) is not None for leaf in leaves(error))


def answer_place(error: BaseException) -> Place | None:
    """Return the innermost line of the answer that an exception has passed through."""
    if isinstance(error, SyntaxError) and error.filename:
        return Place(error.filename, error.lineno or 1, "module")
    for leaf in leaves(error):
        frames = traceback.extract_tb(leaf.__traceback__)
        place = answer_line(Place(frame.filename, frame.lineno or 0, frame.name) for frame in frames)
        if place is not None:
            return place
    return None
