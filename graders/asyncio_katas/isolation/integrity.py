"""Whether everything that judges is still what it was: functions and classes of pytest, asyncio, the lab and others.

From Python 3.12 on, the interpreter itself reports each replacement when it happens, so that one that is undone in
time is noticed too. Before, everything is compared after each check, and the dictionaries of the grader's own modules
carry a number that every change makes another one.
"""

from __future__ import annotations

import atexit
import builtins
import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any

import asyncio_katas.lab
from asyncio_katas.isolation.alarm import Alarm
from asyncio_katas.lab.messages import CheckFailed

_REPLACED = "{name} was replaced while the answer ran; the grader relies on it."
_BLIND = "A check that must fail passed: {name} no longer judges."
# Packages and modules that take part in a verdict.
_WATCHED = {
    "builtins", "asyncio", "_asyncio", "time", "pytest", "_pytest", "pluggy", "pytest_asyncio", "pytest_timeout",
    "asyncio_katas", "dataclasses", "inspect", "threading", "_thread", "concurrent", "selectors", "select", "heapq",
    "weakref", "contextlib", "functools", "operator", "json", "os", "posix", "hashlib", "io", "reprlib", "traceback",
    "signal", "faulthandler", "gc", "types", "abc", "collections", "itertools", "socket", "contextvars", "math",
    "linecache", "importlib", "string", "re",
}  # fmt: skip
_JUDGING = (FunctionType, BuiltinFunctionType, type)
# The interpreter writes these itself, when they are asked for.
_WRITTEN_LATE = ("__annot", "__abstract", "__static_attributes__", "__firstlineno__", "__doc__")
# A check's ways of replacing something for a while, which no answer can import.
_PATCHING = (f"{os.sep}_pytest{os.sep}monkeypatch.py", f"{os.sep}freezegun{os.sep}api.py")
_PYTEST = f"{os.sep}_pytest{os.sep}"
_LAB = str(Path(asyncio_katas.lab.__file__).parent) + os.sep
# Nothing sets a name in these once they are imported, with one exception.
_UNCHANGING = "asyncio_katas."
_CHANGING = {"asyncio_katas.lab.outside"}
_HAS_TAGS = sys.implementation.name == "cpython" and sys.version_info < (3, 12)
# After a reference count, a type and a size.
_TAG_OFFSET = 3 * ctypes.sizeof(ctypes.c_void_p)
_ADDED, _MODIFIED, _DELETED, _CLONED, _CLEARED = range(5)
_MAX_WATCHERS_BUSY = -1


# A dictionary of names: where it is, itself, and those of its values that judge.
_Space = tuple[str, dict[str, Any], dict[str, Any]]
_Report = Callable[[int, int, int | None, int | None], None]


def prepare() -> None:
    """Look at everything that is loaded now, so that processes that are forked off need not."""
    global _known  # noqa: PLW0603 - what a process looks at is there once
    _known = _Known()
    # Whoever reports to an interpreter that is being taken apart brings it down.
    atexit.register(_known.stop_watching)


def _loaded() -> dict[str, ModuleType]:
    return {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in _WATCHED and isinstance(module, ModuleType)
    }


def _spaces_of(name: str, module: Any) -> Iterator[_Space]:
    """Yield the names of a module, and of the classes that are defined in it."""
    if not isinstance(module, ModuleType):
        return
    names = vars(module)
    judging = {key: value for key, value in names.items() if isinstance(value, _JUDGING)}
    yield name, names, judging
    for value in judging.values():
        if isinstance(value, type) and value.__module__ == name and value.__flags__ & _HEAP_TYPE:
            inside = _names_of(value)
            if inside is not None:
                yield f"{name}.{value.__qualname__}", inside, _judging_in_class(inside)


def _judging_in_class(names: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in names.items()
        if callable(value) or isinstance(value, property | staticmethod | classmethod)
    }


class _Known:
    """Everything that judges, as it was when it was looked at, and which dictionaries have changed since.

    To find out, the values themselves are not touched: after a fork that would copy the memory they lie in.
    """

    def __init__(self) -> None:
        self.report: _Report | None = None
        self.spaces: dict[int, _Space] = {}
        self._changed = set[int]()
        # Where the number of a dictionary's last change stands, and which it was.
        self._tags: dict[int, tuple[ctypes.c_uint64, int]] = {}
        self._modules = set[int]()
        self.watches = self._start_watching()
        self.look()

    def look(self) -> None:
        """Look again at what has changed, and at what was loaded since."""
        changed = self.changed()
        for where, names, _ in [self.spaces[space] for space in changed]:
            module = sys.modules.get(where)
            if module is not None and names is vars(module):
                self.add(where, module)
            elif names is not sys.modules:
                self._add((where, names, _judging_in_class(names)))
        if not self._modules or id(sys.modules) in changed:
            loaded = _loaded()
            for name, module in loaded.items():
                if id(module) not in self._modules:
                    self.add(name, module)
            self._add(("sys.modules", sys.modules, dict(loaded)))
        self._changed.clear()

    def add(self, name: str, module: ModuleType) -> None:
        """Know the names of a module as they are now."""
        self._modules.add(id(module))
        for space in _spaces_of(name, module):
            self._add(space)

    def _add(self, space: _Space) -> None:
        names = space[1]
        self.spaces[id(names)] = space
        if self.watches:
            ctypes.pythonapi.PyDict_Watch(self._watcher, ctypes.py_object(names))
        elif _HAS_TAGS:
            tag = ctypes.c_uint64.from_address(id(names) + _TAG_OFFSET)
            self._tags[id(names)] = tag, tag.value

    def changed(self) -> set[int]:
        """Return the dictionaries that were changed since the last look, whatever they hold now."""
        if self.watches:
            return set(self._changed)
        if _HAS_TAGS:
            return {space for space, (tag, before) in self._tags.items() if tag.value != before}
        return set(self.spaces)

    def _start_watching(self) -> bool:
        """Let the interpreter report changes, where it does that."""
        api = ctypes.pythonapi
        if not hasattr(api, "PyDict_AddWatcher") or sys.implementation.name != "cpython":
            return False
        prototype = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        # Freed, it would be called all the same.
        self._callback = prototype(self._reported())
        self._watcher = api.PyDict_AddWatcher(self._callback)
        return bool(self._watcher != _MAX_WATCHERS_BUSY)

    def stop_watching(self) -> None:
        """Let the interpreter report no more."""
        if self.watches:
            ctypes.pythonapi.PyDict_ClearWatcher(self._watcher)

    def _reported(self) -> Callable[[int, int, int | None, int | None], int]:
        changed, spaces, last = self._changed, self.spaces, _CLEARED

        def reported(event: int, names: int, key: int | None, value: int | None) -> int:
            if names in spaces and event <= last:
                changed.add(names)
                if self.report:
                    self.report(event, names, key, value)
            return 0

        return reported


_known: _Known | None = None


class Integrity:
    """The state of everything that judges, as it was when this was made; replacements raise the alarm."""

    def __init__(self, check: Path, alarm: Alarm) -> None:
        self._check = str(check)
        self._alarm = alarm
        self._known = _known or _Known()
        self._known.look()
        self._known.report = self._reported()

    @property
    def layer(self) -> str:
        """Which layer is in force now: replacements are reported when they happen, or found after each check."""
        return "watched" if self._known.watches else "compared"

    def note(self, module: ModuleType) -> None:
        """Watch the names of one more module, a check's."""
        self._known.add(module.__name__, module)

    def disarm(self) -> None:
        """Watch no more: what was put in place for the checks is about to be taken away again."""
        self._known.report = None

    def compare(self, *, at_the_end: bool) -> None:
        """Raise the alarm if anything that judges is not what it was.

        Where that is reported at once, it is looked at only in the end.
        """
        if self._known.watches and not at_the_end:
            return
        for space in self._known.changed():
            where, names, judging = self._known.spaces[space]
            for name, value in judging.items():
                if names.get(name) is not value:
                    self._alarm(_REPLACED, name=f"{where}.{name}")
            if _HAS_TAGS and where.startswith(_UNCHANGING) and where not in _CHANGING:
                # It was changed, and changed back.
                self._alarm(_REPLACED, name=f"{where}.*")

    def try_canaries(self, check: ModuleType) -> None:
        """Raise the alarm unless what a check judges with still fails where it must."""
        names = vars(check)
        for name, arguments in (
            ("expect", (False, "canary")),
            ("expect", (_AlwaysEqual(), "canary")),
            ("expect_same", (_AlwaysEqual(), 1, "canary")),
            ("fail", ("canary",)),
        ):
            if name in names:
                try:
                    names[name](*arguments)
                except CheckFailed:
                    continue
                self._alarm(_BLIND, name=name)
        if "same" in names and names["same"](_AlwaysEqual(), 1) is not False:
            self._alarm(_BLIND, name="same")

    def _by_the_check(self, frame: FrameType | None) -> bool:
        """Tell whether a check did this, or pytest on behalf of one: some replace what the answer may not use."""
        patched = False
        while frame is not None:
            name = frame.f_code.co_filename
            if name == self._check:
                return True
            if name.startswith(_LAB):
                return True
            if not name.endswith(_PATCHING):
                # pytest undoes it after the check.
                return patched and _PYTEST in name
            patched = True
            frame = frame.f_back
        return False

    def _reported(self) -> _Report:
        spaces, cast, pointed = self._known.spaces, ctypes.cast, ctypes.py_object
        known = vars(builtins).keys()

        def reported(event: int, names: int, key: int | None, value: int | None) -> None:
            where, _, judging = spaces[names]
            if event in {_CLEARED, _CLONED} or key is None:
                self._alarm(_REPLACED, name=where)
            name = cast(key, pointed).value
            if event == _ADDED:
                new = cast(value, pointed).value if value else None
                in_class = isinstance(new, FunctionType | property) and not is_module(where)
                bad = (name in known and where != "sys.modules") or (
                    in_class and not str(name).startswith(_WRITTEN_LATE)
                )
            else:
                bad = name in judging and (value is None or id(judging[name]) != value)
            if bad and not self._by_the_check(_caller()):
                self._alarm(_REPLACED, name=f"{where}.{name}")

        def is_module(where: str) -> bool:
            return where in sys.modules or where == "sys.modules"

        return reported


class _AlwaysEqual:
    """Says yes to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True

    __hash__ = object.__hash__


_HEAP_TYPE = 1 << 9


def _caller() -> FrameType | None:
    """Return the frame of whoever changed something, or None where a thread was made of a C function alone."""
    # Between the two stand what the interpreter calls, and what that hands it on to.
    called = sys._getframe(2)
    return called.f_back


def _names_of(kind: type) -> dict[str, Any] | None:
    """Return the dictionary behind a class, of which `vars` gives only a view."""
    return next(iter(_dictionaries(gc.get_referents(vars(kind)))), None)


def _dictionaries(things: list[Any]) -> Iterator[dict[str, Any]]:
    return (thing for thing in things if type(thing) is dict)
