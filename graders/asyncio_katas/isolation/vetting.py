"""Reads an answer before it runs: names that lead into the grader, and that no answer has a use for.

A name can be put together at run time. Whoever does that meets the other layers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from asyncio_katas.lab.messages import Message

_GRADERS = {"pytest", "_pytest", "pluggy", "pytest_asyncio", "pytest_timeout", "freezegun", "faulthandler",
            "asyncio_katas"}  # fmt: skip
_UNSAFE = {"ctypes", "_ctypes", "_testcapi", "_testinternalcapi", "_posixsubprocess", "_xxsubinterpreters",
           "_interpreters"}  # fmt: skip
# Attributes that lead from what an answer holds to what it was not given.
_REACHING = {
    "f_back", "f_builtins", "f_code", "f_globals", "f_locals", "f_trace",
    "tb_frame", "gi_frame", "cr_frame", "ag_frame", "gi_code", "cr_code", "ag_code",
    "__globals__", "__closure__", "__code__", "__builtins__", "__subclasses__", "__getattribute__",
    "__defaults__", "__kwdefaults__", "__loader__", "__spec__", "cell_contents",
    "_getframe", "_current_frames", "settrace", "setprofile", "addaudithook",
}  # fmt: skip
_REPLACING = {"setattr", "delattr"}
_IN_FORMAT = re.compile(r"\{[^{}]*[.\[](" + "|".join(map(re.escape, sorted(_REACHING))) + r")\b")
# Redirecting one's own output harms nobody.
_HARMLESS = {"sys.stdout", "sys.stderr"}

_IMPORTS_GRADER = "Line {line} imports {name}, which belongs to the grader."
_IMPORTS_UNSAFE = "Line {line} imports {name}, which gives access to the memory of the grader."
_IMPORTS_COMPUTED = "Line {line} imports a module whose name is put together at run time."
_READS_MODULES = "Line {line} uses sys.modules, the way to everything the grader has loaded."
_REACHES = "Line {line} uses {name}, which leads into the grader; no answer needs it."
_REPLACES = "Line {line} replaces {name}, which is not the answer's own."
_TOO_DEEP = "The file is nested so deeply that it cannot be examined."


def vet(text: bytes) -> Message | None:
    """Return the first piece of evidence; None for text that is no Python at all."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError):
        # What it says of that is the import's affair.
        return None
    except RecursionError:
        # The compiler can take more than whoever looks at the tree.
        return Message.of(_TOO_DEEP, {"line": 1})
    imported = _imported(tree)
    found = [evidence for node in ast.walk(tree) for evidence in _look(node, imported)]
    return min(found, key=lambda evidence: int(str(evidence.values["line"])), default=None)


def _imported(tree: ast.AST) -> dict[str, str]:
    """Return the names that imports bind, each with what it stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _look(node: ast.AST, imported: dict[str, str]) -> Iterator[Message]:
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _module(alias.name, line)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from _taken_from(node.module, {alias.name for alias in node.names}, line)
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node, imported, line)
    elif isinstance(node, ast.Name) and node.id in _REACHING and not isinstance(node.ctx, ast.Store):
        yield Message.of(_REACHES, {"line": line, "name": node.id})
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        match = _IN_FORMAT.search(node.value)
        if node.value in _REACHING or match:
            yield Message.of(_REACHES, {"line": line, "name": match[1] if match else node.value})
    elif isinstance(node, ast.Call):
        yield from _called(node, imported, line)


def _taken_from(module: str, names: set[str], line: int) -> Iterator[Message]:
    yield from _module(module, line)
    if module == "sys" and "modules" in names:
        yield Message.of(_READS_MODULES, {"line": line})
    for name in sorted(names & _REACHING):
        yield Message.of(_REACHES, {"line": line, "name": name})


def _module(name: str, line: int) -> Iterator[Message]:
    top = name.partition(".")[0]
    if top in _GRADERS or top.startswith("test_") or top == "conftest":
        yield Message.of(_IMPORTS_GRADER, {"line": line, "name": name})
    if top in _UNSAFE:
        yield Message.of(_IMPORTS_UNSAFE, {"line": line, "name": name})


def _attribute(node: ast.Attribute, imported: dict[str, str], line: int) -> Iterator[Message]:
    whole = _meaning(node, imported)
    if node.attr in _REACHING:
        yield Message.of(_REACHES, {"line": line, "name": node.attr})
    elif whole == "sys.modules":
        yield Message.of(_READS_MODULES, {"line": line})
    elif whole and not isinstance(node.ctx, ast.Load) and whole not in _HARMLESS:
        yield Message.of(_REPLACES, {"line": line, "name": whole})


def _called(node: ast.Call, imported: dict[str, str], line: int) -> Iterator[Message]:
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name in _REPLACING and node.args and (whole := _meaning(node.args[0], imported)):
        yield Message.of(_REPLACES, {"line": line, "name": whole})
    if name == "__import__" or _meaning(node.func, imported) == "importlib.import_module":
        wanted = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if isinstance(wanted, str):
            yield from _module(wanted, line)
        else:
            yield Message.of(_IMPORTS_COMPUTED, {"line": line})


def _meaning(node: ast.AST, imported: dict[str, str]) -> str:
    """Return the dotted name of something imported that an expression stands for, or nothing."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in imported:
        return ""
    return ".".join([imported[node.id], *reversed(names)])
