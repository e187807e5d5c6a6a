"""Where a task stands: its chain of awaits, down to the line that waits."""

from __future__ import annotations

import asyncio
import gc
import linecache
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from asyncio_katas.lab.messages import Message

_GRADER = str(Path(__file__).parent.parent)
_PACKAGES = {"site-packages", "dist-packages"}
_STANDARD_LIBRARY = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "<frozen", "<string>")
_SHOWN_TASKS = 4
_OPAQUE = {"async_generator_asend", "async_generator_athrow", "anext_awaitable", "coroutine_wrapper"}


@dataclass(frozen=True)
class Place:
    """One frame of a chain: the line a function has reached."""

    path: str
    line: int
    function: str

    @property
    def is_lab(self) -> bool:
        """Whether the frame belongs to the grader rather than to anybody's answer."""
        return self.path.startswith(_GRADER)

    @property
    def is_library(self) -> bool:
        """Whether the frame belongs to Python or an installed package."""
        return self.path.startswith(_STANDARD_LIBRARY) or not {"site-packages", "dist-packages"}.isdisjoint(
            Path(self.path).parts
        )

    @property
    def is_check(self) -> bool:
        """Whether the frame belongs to a check."""
        return Path(self.path).name.startswith("test_")

    @property
    def is_answer(self) -> bool:
        """Whether the frame belongs to the code under test."""
        return not (self.is_lab or self.is_library or self.is_check)

    def __str__(self) -> str:
        return f"{self.function} ({Path(self.path).name}:{self.line})"

    def source(self) -> str:
        """Return the text of the line, or nothing where it cannot be read."""
        return linecache.getline(self.path, self.line).strip()


def place_of(frame: FrameType) -> Place:
    """Return where a frame stands now."""
    return _place(frame.f_code, frame.f_lineno)


def _place(code: CodeType, line: int | None) -> Place:
    return Place(code.co_filename, line or code.co_firstlineno, code.co_qualname.replace("<locals>.", ""))


def await_chain(awaitable: Any) -> list[Place]:
    """Return the frames a coroutine (or task) is suspended in, outermost first."""
    return list(_walk(awaitable.get_coro() if isinstance(awaitable, asyncio.Task) else awaitable))


def _walk(awaitable: Any) -> Iterator[Place]:
    seen = 0
    while awaitable is not None and seen < 100:
        seen += 1
        frame, inner = _frame_and_inner(awaitable)
        if frame is not None:
            yield place_of(frame)
        awaitable = inner


def _frame_and_inner(awaitable: Any) -> tuple[FrameType | None, Any]:
    for prefix, inner in (("cr", "cr_await"), ("gi", "gi_yieldfrom"), ("ag", "ag_await")):
        if hasattr(awaitable, f"{prefix}_frame"):
            return getattr(awaitable, f"{prefix}_frame"), getattr(awaitable, inner)
    if type(awaitable).__name__ in _OPAQUE:
        # These carry no public reference to what they drive.
        for inner in gc.get_referents(awaitable):
            if hasattr(inner, "ag_frame") or hasattr(inner, "cr_frame") or type(inner).__name__ in _OPAQUE:
                return None, inner
    return None, None


def answer_line(places: Iterable[Place]) -> Place | None:
    """Return the innermost place in the code under test."""
    found = [place for place in places if place.is_answer]
    return found[-1] if found else None


def stack_line(frame: FrameType | None) -> Place | None:
    """Return the line of the code under test that a thread's stack has reached; `frame` is the innermost."""
    places = []
    while frame is not None:
        places.append(place_of(frame))
        frame = frame.f_back
    return answer_line(reversed(places))


def describe_tasks(tasks: Iterable[asyncio.Task[Any]]) -> Message | None:
    """Return a line per task, if any: its chain down to the answer's line, and what that line waits for."""
    chains = [(task, await_chain(task)) for task in sorted(tasks, key=_number)]
    of_answer = [(task, chain, line) for task, chain in chains if (line := answer_line(chain))]
    if not of_answer:
        lines = _describe_strange(task for task, chain in chains if not all(place.is_lab for place in chain))
        return Message.joined(lines) if lines else None
    # Where only one is left, its line takes no more room than to say so.
    most = _SHOWN_TASKS if len(of_answer) > _SHOWN_TASKS + 1 else len(of_answer)
    lines = [_describe(task, chain, line) for task, chain, line in of_answer[:most]]
    if len(of_answer) > most:
        lines.append(Message.of("  ... and {count} more tasks", {"count": len(of_answer) - most}))
    return Message.joined(lines) if lines else None


def describe_callback(callback: Any) -> Message | None:
    """Return the line where a plain callback of the code under test is defined, or None for any other."""
    code = getattr(getattr(callback, "func", callback), "__code__", None)
    place = _place(code, None) if isinstance(code, CodeType) else None
    if place is None or not place.is_answer:
        return None
    where = f"{Path(place.path).name}:{place.line}: {place.source()}"
    return Message("  callback {place}\n      {where}", {"place": str(place), "where": where})


def _number(task: asyncio.Task[Any]) -> tuple[int, str]:
    name = task.get_name()
    return len(name), name


def _describe(task: asyncio.Task[Any], chain: list[Place], line: Place) -> Message:
    steps = [str(place) for place in chain if not place.is_lab and not place.is_library]
    # What the code under test called last, in the library's own words.
    inside = chain[chain.index(line) + 1 :]
    called = [place.function for place in inside if place.is_library]
    steps += called[-1:]
    source = f"\n      {Path(line.path).name}:{line.line}: {line.source()}" if line.source() else ""
    values = {"task": task.get_name(), "steps": " > ".join(steps), "waiter": _waits_for(task), "source": source}
    if values["waiter"]:
        return Message("  {task}: {steps} > waits for {waiter}{source}", values)
    return Message("  {task}: {steps}{source}", values)


def _describe_strange(tasks: Iterable[asyncio.Task[Any]]) -> list[Message]:
    """Return the lines of tasks whose coroutines are none of the answer's: what they run, and where it was called.

    Those that were made by one line of the answer's share one here.
    """
    alike: dict[tuple[str, Place | None], list[str]] = {}
    for task in tasks:
        coroutine: Any = task.get_coro()
        what = getattr(coroutine, "__qualname__", type(coroutine).__name__)
        alike.setdefault((what, origin_line(getattr(coroutine, "cr_origin", None))), []).append(task.get_name())
    lines = []
    for (what, line), names in list(alike.items())[:_SHOWN_TASKS]:
        told = ", ".join(names[:_SHOWN_TASKS])
        more = {"names": told, "count": len(names) - _SHOWN_TASKS}
        shown = Message.of("{names} and {count} more", more) if len(names) > _SHOWN_TASKS else told
        values: dict[str, str | Message] = {"tasks": shown, "what": what}
        if line is None:
            lines.append(Message("  {tasks}: {what}", values))
        else:
            values |= {"place": str(line), "source": line.source()}
            lines.append(Message("  {tasks}: {what}\n      called here: {place}: {source}", values))
    return lines


def origin_line(origin: Any) -> Place | None:
    """Return the line of the code under test that made a coroutine, from what the interpreter tracked of it."""
    if not origin:
        return None
    return answer_line([Place(path, line, name) for path, line, name in reversed(origin)])


def _waits_for(task: asyncio.Task[Any]) -> str:
    waiter = getattr(task, "_fut_waiter", None)
    if isinstance(waiter, asyncio.Task):
        return waiter.get_name()
    if waiter is not None and type(waiter).__name__ == "_GatheringFuture":
        return "gather()"
    return ""
