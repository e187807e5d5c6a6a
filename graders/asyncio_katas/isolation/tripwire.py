"""An audit hook: what an answer's code sets about that leads into the grader, or out of its process.

An audit hook cannot be removed. Python tells it the event before it happens, so the alarm comes first.
"""

from __future__ import annotations

import ast
import asyncio
import concurrent.futures.thread
import contextlib
import inspect
import os
import string
import sys
import sysconfig
import threading
import traceback
from _thread import get_ident
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from asyncio_katas.isolation.alarm import Alarm

_REACHES = "{where} reached for {what}, which leads into the grader; no answer needs it."
_LEAVES = "{where} tried to start or end a process: {what}."
_FILES = "{where} tried to open, list or change a file that is none of its own: {what}"
_NETWORK = "{where} tried to use the network: {what}"

# Attributes whose reading Python reports, of which these lead out of the function that runs.
_ATTRIBUTES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame", "f_code", "f_locals", "gi_code", "cr_code", "ag_code"}
_OWN_TOO = {"__code__", "__defaults__", "__kwdefaults__", "__class__", "__bases__"}
_READ = _ATTRIBUTES | _OWN_TOO
_INSIDE = {
    "sys._getframe", "sys._current_frames", "sys._current_exceptions", "sys.settrace", "sys.setprofile",
    "sys.addaudithook", "sys.monitoring.register_callback", "gc.get_objects", "gc.get_referrers", "gc.get_referents",
    "code.__new__", "function.__new__", "marshal.loads", "marshal.load", "exec", "compile",
}  # fmt: skip
_PROCESSES = {
    "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "os.spawn", "os.startfile", "pty.spawn",
    "subprocess.Popen", "os.kill", "os.killpg", "signal.pthread_kill",
}  # fmt: skip
_PATHS = {
    "open": (0,), "os.listdir": (0,), "os.scandir": (0,), "os.walk": (0,), "os.chdir": (0,), "os.chmod": (0,),
    "os.chown": (0,), "os.link": (0, 1), "os.mkdir": (0,), "os.remove": (0,), "os.rename": (0, 1), "os.rmdir": (0,),
    "os.symlink": (0, 1), "os.truncate": (0,), "os.utime": (0,), "glob.glob": (0,), "shutil.rmtree": (0,),
    "shutil.copyfile": (0, 1), "shutil.move": (0, 1),
}  # fmt: skip
_ADDRESSES = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}

# They call whatever they are given. Where that is written in C, it has no frame of its own.
_TRAMPOLINES: set[Any] = {
    asyncio.Handle._run,
    threading.Thread.run,
    concurrent.futures.thread._WorkItem.run,
    contextlib.ExitStack.__exit__,
}
# They look into frames and code on behalf of whoever calls them.
_INTROSPECTORS: set[Any] = {
    inspect.currentframe, inspect.stack, inspect.trace, inspect.getouterframes, inspect.getinnerframes,
    inspect.getattr_static, inspect.getclosurevars, inspect.getgeneratorlocals, inspect.getcoroutinelocals,
    inspect.getargvalues, inspect.getframeinfo, traceback.walk_stack, string.Formatter.get_field,
}  # fmt: skip
# They read source lines to show them.
_SHOWING = ("linecache.py", "traceback.py", "tokenize.py")


def install(answer: Path, own: Sequence[Path], looking: set[int], alarm: Alarm) -> None:
    """Watch the code of this `answer` from now on; the files below `own` folders are its to use.

    Threads in `looking` are at work for the grader.
    """
    wire = _Tripwire(str(answer), [str(path) for path in own], looking, alarm)
    sys.addaudithook(_hook(wire.judges(), looking))


# What happened, the arguments that Python reports of it, and who brought it about.
_Judge = Callable[[str, tuple[Any, ...], FrameType], None]


class _Judges(dict[str, _Judge | None]):
    """Who judges which event; None for those that nobody need look at."""

    def __init__(self, known: dict[str, _Judge], of_c: _Judge) -> None:
        super().__init__(known)
        self._of_c = of_c

    def __missing__(self, event: str) -> _Judge | None:
        judge = self[event] = self._of_c if event.startswith("ctypes.") else None
        return judge


def _hook(judges: _Judges, looking: set[int]) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the hook. It hears of thousands of events in each check, and of most of them more than it wants to."""
    getframe, reading = sys._getframe, "object.__getattr__"

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        judge = judges[event]
        if judge is None or (event == reading and arguments[1] not in _READ):
            return
        ident = get_ident()
        if ident in looking:
            return
        looking.add(ident)
        try:
            # Not the hook's own frame: that would be a cycle, and everything in the caller's frames would live until
            # the next garbage collection. Only a thread that was made of a C function alone has no other.
            try:
                frame = getframe(1)
            except ValueError:
                frame = getframe()
            judge(event, arguments, frame)
        finally:
            looking.discard(ident)

    return heard


class _Tripwire:
    def __init__(self, answer: str, own: list[str], looking: set[int], alarm: Alarm) -> None:
        self._answer = answer
        self._module = Path(answer).stem
        self._own = (*own, answer)
        # Whether a path is below one of those, where that has been asked before.
        self._paths: dict[str, bool] = {}
        # A thread that was made of a C function alone has no frame but the hook's.
        self._direct = {answer, __file__}
        self._alarm = alarm
        # Looking at frames is reported too.
        self._looking = looking
        self._libraries: dict[str, bool] = {}
        self._trampolines = _by_name(_TRAMPOLINES)
        self._introspectors = _by_name(_INTROSPECTORS)

    def judges(self) -> _Judges:
        """Return who judges which event."""
        known: dict[str, _Judge] = {
            "object.__getattr__": self._touched,
            "object.__setattr__": self._touched_own,
            "object.__delattr__": self._touched_own,
            **dict.fromkeys(_INSIDE, self._inside),
            **dict.fromkeys(_PROCESSES, self._process),
            **dict.fromkeys(_PATHS, self._path),
            **dict.fromkeys(_ADDRESSES, self._address),
        }
        return _Judges(known, self._inside)

    def _touched(self, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        name = arguments[1]
        if name not in _ATTRIBUTES:
            self._touched_own(event, arguments, frame)
        elif self._is_direct(frame):
            self._reached(frame, name)

    def _touched_own(self, _: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        name = arguments[1]
        # Whose it is takes longer to tell than who asks.
        if name in _OWN_TOO and self._is_direct(frame) and self._is_foreign(arguments[0]):
            self._reached(frame, name)

    def _inside(self, event: str, _: tuple[Any, ...], frame: FrameType) -> None:
        if self._is_direct(frame):
            # Which code it was is nobody's business, and may be long.
            self._reached(frame, event)

    def _process(self, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        if event in {"os.kill", "os.killpg", "signal.pthread_kill"} and arguments[0] == os.getpid():
            return
        if self._is_on_behalf(frame, "multiprocessing"):
            self._alarm(_LEAVES, where=self._where(frame), what=f"{event} {_short(arguments)}")

    def _path(self, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        for place in _PATHS[event]:
            path = arguments[place] if len(arguments) > place else None
            if isinstance(path, int) or (path is None and event == "open"):
                continue
            text = os.path.abspath(os.fsdecode("." if path is None else path))  # noqa: PTH100 - never follows links
            if not self._is_own(text) and self._is_on_behalf(frame, *_SHOWING, "multiprocessing"):
                self._alarm(_FILES, where=self._where(frame), what=f"{event} {text}")

    def _is_own(self, path: str) -> bool:
        known = self._paths.get(path)
        if known is None:
            known = self._paths[path] = _is_below(path, self._own)
        return known

    def _address(self, event: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        address = arguments[1] if event in {"socket.connect", "socket.bind", "socket.sendto"} else arguments[0]
        # A path is a socket of this machine's file system; pairs of sockets have no address at all.
        outside = not isinstance(address, str | bytes) or event in {"socket.getaddrinfo", "socket.gethostbyname"}
        if outside and self._is_on_behalf(frame, "multiprocessing"):
            self._alarm(_NETWORK, where=self._where(frame), what=f"{event} {_short((address,))}")

    def _reached(self, frame: FrameType, what: str) -> None:
        self._alarm(_REACHES, where=self._where(frame), what=what)

    def _is_direct(self, frame: FrameType) -> bool:
        """Tell whether the answer's own code did this, or had somebody do it who does whatever he is told."""
        code = frame.f_code
        if code.co_filename in self._direct or self._trampolines.get(code.co_qualname) is code:
            return True
        return self._introspectors.get(code.co_qualname) is code and self._is_on_behalf(frame)

    def _is_on_behalf(self, frame: FrameType | None, *but: str) -> bool:
        """Tell whether the answer is the first that is no library, unless a library in between is one of `but`."""
        innermost = frame.f_code if frame else None
        while frame is not None:
            name = frame.f_code.co_filename
            if name in self._direct:
                return True
            if not self._is_library(name) or any(part in name for part in but):
                return False
            frame = frame.f_back
        return innermost is not None and self._trampolines.get(innermost.co_qualname) is innermost

    def _is_library(self, name: str) -> bool:
        known = self._libraries.get(name)
        if known is None:
            known = name.startswith(("<frozen", *_LIBRARY)) and "site-packages" not in name
            self._libraries[name] = known
        return known

    def _is_foreign(self, thing: Any) -> bool:
        """Tell whether a function, class or object is not one of the answer's own."""
        code = getattr(thing, "__code__", None)
        if isinstance(code, CodeType):
            return code.co_filename != self._answer
        kind = thing if isinstance(thing, type) else type(thing)
        return str(vars(kind).get("__module__")) != self._module

    def _where(self, frame: FrameType | None) -> str:
        while frame is not None:
            if frame.f_code.co_filename == self._answer:
                return f"{Path(self._answer).name}:{frame.f_lineno}"
            frame = frame.f_back
        return Path(self._answer).name


_LIBRARY = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(ast.__file__)})  # noqa: PTH120 - as in co_filename


def _by_name(functions: Iterable[Any]) -> dict[str, CodeType]:
    """Return the code of functions by name: to look code up by itself takes as long as reading all of it."""
    codes: list[CodeType] = [getattr(function, "__func__", function).__code__ for function in functions]
    return {code.co_qualname: code for code in codes}


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _short(arguments: tuple[Any, ...]) -> str:
    """Return plain arguments as text; what anything else would say of itself is not asked."""
    return " ".join(str(each)[:80] if type(each) in {str, int, bytes, tuple, list} else "…" for each in arguments[:3])
