"""The lab's own objects that an answer holds, a probe or the loop: only the lab and the checks look inside them."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import weakref
from _thread import get_ident
from pathlib import Path
from typing import Any

import asyncio_katas.lab
from asyncio_katas.isolation.alarm import Alarm
from asyncio_katas.lab import clock, probes, rendezvous

_TOUCHES = {
    "probe": "{where} touched `{name}` of a probe, which belongs to the grader.",
    "gate": "{where} touched `{name}` of a gate, which belongs to the grader.",
    "loop": "{where} touched `{name}` of the event loop, which belongs to the grader.",
}
# What Python calls a place that is in no file.
_NOWHERE = "<thread>"
_LAB = str(Path(asyncio_katas.lab.__file__).parent) + os.sep
_ASYNCIO = str(Path(asyncio.__file__).parent) + os.sep
# In the standard library's events.py, callbacks are called; nothing there sets anything on a loop.
_CALLS_BACK = "events.py"
# What a loop of the standard library does not have; whoever uses it knows whose loop this is. Of the rest, what is
# read at each turn may be read by anybody, and set by friends alone.
_MOVING = ("advance", "_jump")
# Set at each turn or call; whoever changes these only spins until the limit, or stops the loop under their own feet.
_HARMLESS = {"_turns", "_turns_at_this_time", "_stopping", "_thread_id"}
_RECORDS = ("complaints", "blocking", "on_time", "_owners")


def install(answer: Path, check: Path, looking: set[int], alarm: Alarm) -> None:
    """Raise an alarm from now on when anybody but the lab and this answer's `check` looks inside the lab's objects.

    Threads in `looking` are at work for the grader.
    """
    friends = _Friends(str(check), looking, alarm)
    for kind, what in (
        (probes.Probe, "probe"),
        (probes.Gate, "gate"),
        (rendezvous.ThreadGate, "gate"),
    ):
        _guard_reading(kind, friends, what)
        _guard_writing(kind, friends, what, asyncio_too=False)
    for name in _MOVING:
        _guard_calling(clock.VirtualLoop, name, friends, "loop")
    for name in _RECORDS:
        setattr(clock.VirtualLoop, name, _Guarded(name, friends, "loop"))
    _guard_writing(clock.VirtualLoop, friends, "loop", asyncio_too=True)
    _guard_time(clock.VirtualLoop, friends, answer.name, alarm)


class _Friends:
    def __init__(self, check: str, looking: set[int], alarm: Alarm) -> None:
        self._known: dict[str, bool] = {check: True}
        self._looking = looking
        self._asyncio: dict[str, bool] = {}
        self._alarm = alarm

    def let(self, name: str, what: str, *, asyncio_too: bool) -> None:
        """Let the caller of whoever asks pass, or raise the alarm."""
        ident = get_ident()
        self._looking.add(ident)
        try:
            frame = sys._getframe(2)
            file = frame.f_code.co_filename
        except ValueError:
            # A thread that was made of a C function alone.
            self._alarm(_TOUCHES[what], where=_NOWHERE, name=name)
        finally:
            self._looking.discard(ident)
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = file.startswith(_LAB)
        if known or (asyncio_too and self._is_asyncio(file)):
            return
        self._alarm(_TOUCHES[what], where=f"{Path(file).name}:{frame.f_lineno}", name=name)

    def copies_attributes(self) -> bool:
        """Tell whether functools.wraps asks, on behalf of somebody whose wrapper is to look like a probe."""
        ident = get_ident()
        self._looking.add(ident)
        try:
            return sys._getframe(2).f_code is functools.update_wrapper.__code__
        except ValueError:
            return False
        finally:
            self._looking.discard(ident)

    def _is_asyncio(self, file: str) -> bool:
        known = self._asyncio.get(file)
        if known is None:
            known = self._asyncio[file] = file.startswith(_ASYNCIO) and not file.endswith(os.sep + _CALLS_BACK)
        return known


class _Guarded:
    """An attribute of the loop's that only friends read."""

    def __init__(self, name: str, friends: _Friends, what: str) -> None:
        self._name, self._friends, self._what = name, friends, what

    def __get__(self, loop: Any, kind: type | None = None) -> Any:
        if loop is None:
            return self
        self._friends.let(self._name, self._what, asyncio_too=False)
        return vars(loop)[self._name]

    def __set__(self, loop: Any, value: Any) -> None:
        # `__setattr__` has let whoever sets it pass.
        vars(loop)[self._name] = value


def _guard_calling(kind: type, name: str, friends: _Friends, what: str) -> None:
    method = vars(kind)[name]

    @functools.wraps(method)
    def guarded(self: Any, *args: Any) -> Any:
        friends.let(name, what, asyncio_too=False)
        return method(self, *args)

    setattr(kind, name, guarded)


def _guard_time(kind: type[clock.VirtualLoop], friends: _Friends, answer: str, alarm: Alarm) -> None:
    """Keep the time in a second place as well: whoever writes into the loop's dictionary passes every other guard."""
    move, read = kind._move_to, kind.time
    # Two moments while the clock moves, where a limit may cut in: what it showed before, and what it is to show.
    times: weakref.WeakKeyDictionary[Any, tuple[float, float]] = weakref.WeakKeyDictionary()

    def noted(self: Any, moment: float) -> None:
        friends.let("_move_to", "loop", asyncio_too=False)
        before = compared(self)
        times[self] = before, max(before, moment)
        move(self, moment)
        times[self] = self._now, self._now

    def compared(self: Any) -> float:
        now = read(self)
        if now not in times.setdefault(self, (0.0, 0.0)):
            alarm(_TOUCHES["loop"], where=answer, name="_now")
        return now

    kind._move_to, kind.time = noted, compared  # type: ignore[method-assign]


def _guard_reading(kind: type, friends: _Friends, what: str) -> None:
    read: Any = kind.__getattribute__

    def guarded(self: Any, name: str) -> Any:
        if name == "__dict__" and friends.copies_attributes():
            return {}
        # What anybody may ask of any object has such a name.
        if not name.startswith("__") or name == "__dict__":
            friends.let(name, what, asyncio_too=False)
        return read(self, name)

    kind.__getattribute__ = guarded  # type: ignore[method-assign,assignment]


def _guard_writing(kind: type, friends: _Friends, what: str, *, asyncio_too: bool) -> None:
    write: Any = kind.__setattr__
    delete: Any = kind.__delattr__

    def guarded_write(self: Any, name: str, value: Any) -> None:
        if name in _HARMLESS:
            write(self, name, value)
            return
        friends.let(name, what, asyncio_too=asyncio_too)
        write(self, name, value)

    def guarded_delete(self: Any, name: str) -> None:
        friends.let(name, what, asyncio_too=asyncio_too)
        delete(self, name)

    kind.__setattr__, kind.__delattr__ = guarded_write, guarded_delete  # type: ignore[method-assign,assignment]
