"""The lab's own objects that an answer holds, a probe or the loop: only the lab and the checks look inside them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncio_katas.lab
from asyncio_katas.isolation.alarm import Alarm
from asyncio_katas.lab import clock, probes, rendezvous, timeline

_TOUCHES = "{where} touched `{name}` of {what}, which belongs to the grader."
_LAB = str(Path(asyncio_katas.lab.__file__).parent) + os.sep
_ASYNCIO = str(Path(asyncio.__file__).parent) + os.sep
# What anybody may ask of any object.
_EVERYBODYS = {"__class__", "__call__", "__doc__", "__module__", "__name__", "__qualname__", "__await__",
               "__repr__", "__str__", "__hash__", "__eq__", "__init__", "__new__", "__orig_class__"}  # fmt: skip
# What a loop of the standard library does not have; whoever uses it knows whose loop this is.
_ONLY_OURS = {"advance", "complaints", "blocking", "on_time", "timers", "timers_set", "next_timer", "tasks_of",
              "outside", "_now", "_turns", "_turns_at_this_time", "_owners", "_move_to", "_jump", "__dict__",
              "_real_selector", "_own_files", "_subprocesses", "_in_grace", "__class__"}  # fmt: skip
# In the standard library's events.py, callbacks are called; nothing there sets anything on a loop.
_CALLS_BACK = "events.py"


def install(check: Path, alarm: Alarm) -> None:
    """Raise an alarm from now on when anybody but the lab and this `check` looks inside the lab's objects."""
    friends = _Friends(str(check), alarm)
    for kind, what in (
        (probes.Probe, "a probe"),
        (probes.Gate, "a gate"),
        (rendezvous.ThreadGate, "a gate"),
        (timeline.Span, "a record of the timeline"),
    ):
        own = {name for name in vars(kind) if not name.startswith("__")} | {"__dict__"}
        _guard_reading(kind, lambda name, own=own: name in own or not name.startswith("__"), friends, what)
        _guard_writing(kind, friends, what, asyncio_too=False)
    _guard_reading(clock.VirtualLoop, _ONLY_OURS.__contains__, friends, "the event loop")
    _guard_writing(clock.VirtualLoop, friends, "the event loop", asyncio_too=True)


class _Friends:
    def __init__(self, check: str, alarm: Alarm) -> None:
        self._known: dict[str, bool] = {check: True}
        self._asyncio: dict[str, bool] = {}
        # A dataclass's methods stand in no file.
        self.own_code = {timeline.Span.__init__.__code__, timeline.Span.__eq__.__code__, timeline.Span.__repr__.__code__}
        self._alarm = alarm

    def let(self, name: str, what: str, *, asyncio_too: bool) -> None:
        """Let the caller of whoever asks pass, or raise the alarm."""
        frame = sys._getframe(2)
        file = frame.f_code.co_filename
        if frame.f_code in self.own_code:
            return
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = file.startswith(_LAB)
        if known or (asyncio_too and self._is_asyncio(file)):
            return
        self._alarm(_TOUCHES, where=f"{Path(file).name}:{frame.f_lineno}", name=name, what=what)

    def _is_asyncio(self, file: str) -> bool:
        known = self._asyncio.get(file)
        if known is None:
            known = self._asyncio[file] = file.startswith(_ASYNCIO) and not file.endswith(os.sep + _CALLS_BACK)
        return known


def _guard_reading(kind: type, is_guarded: Callable[[str], bool], friends: _Friends, what: str) -> None:
    read = kind.__getattribute__
    harmless = _EVERYBODYS if kind is not clock.VirtualLoop else set[str]()

    def guarded(self: Any, name: str) -> Any:
        if is_guarded(name) and name not in harmless:
            friends.let(name, what, asyncio_too=False)
        return read(self, name)

    kind.__getattribute__ = guarded  # type: ignore[method-assign,assignment]


def _guard_writing(kind: type, friends: _Friends, what: str, *, asyncio_too: bool) -> None:
    write, delete = kind.__setattr__, kind.__delattr__

    def guarded_write(self: Any, name: str, value: Any) -> None:
        friends.let(name, what, asyncio_too=asyncio_too)
        write(self, name, value)

    def guarded_delete(self: Any, name: str) -> None:
        friends.let(name, what, asyncio_too=asyncio_too)
        delete(self, name)

    kind.__setattr__, kind.__delattr__ = guarded_write, guarded_delete  # type: ignore[method-assign,assignment]
