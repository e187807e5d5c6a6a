"""Keep the catalogs in step: find every text a learner reads, update the .po files, compile the .mo files.

Texts are found in the source as it stands: a call that takes a template is followed to the constants it can be given.
What cannot be followed is a problem, so that no text is missed in silence.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.messages import catalog as catalogs
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

# It stands in every catalog's header, which is to be the same whoever has written it.
catalogs.VERSION = "2"  # type: ignore[attr-defined]
ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "graders" / "asyncio_katas"
CATALOGS = PACKAGE / "locale"
LOCALES = ("zh_CN",)
GRADER = "grader"
# Authors and teachers read English: what only their commands say is not translated.
NOT_FOR_LEARNERS = {
    "verifying.py",
    "proof.py",
    "examine",
    "examined.py",
    "classroom50.py",
    "teaching.py",
    "handing_out.py",
    "exporting",
    "marks.py",
    "marking",
    "marking.py",
    "class_report.py",
    "grades.py",
    "hiring.py",
}
# Which positional arguments of a function are templates; `look` and `help` are wherever they occur.
TEMPLATES = {
    "_alarm": (0,),
    "_damaged": (1,),
    "Mark": (1,),
    "Message": (0,),
    "Message.of": (0,),
    "KatasError": (0, 1),
    "expect": (1,),
    "expect_error": (1,),
    "expect_same": (2,),
    "expect_value": (1,),
    "fail": (0,),
    "join": (0,),
    "say": (0,),
    "_say": (0,),
    "translate": (0,),
}
KEYWORDS = {"look", "help"}
# Functions of the same names that take something else.
OTHERS = {
    "language.translate",
    "page.lines",
    "Text.join",
    "thread.join",
    "self._thread.join",
    "renderer.join",
    "self._process.join",
}
# The functions whose own parameters are templates: what is given to them is found where they are called.
TAKERS = {
    "lab/messages.py",
    "lab/calls.py",
    "language.py",
    "localisation.py",
    "lab/verdicts.py",
    "protocol.py",
    "records.py",
    "isolation/shield.py",
}
# Of click's words those that a learner meets; click looks them up in the grader's catalog.
CLICK = (
    "Usage:",
    "Options",
    "Commands",
    "Show this message and exit.",
    "Show the version and exit.",
    "default: {default}",
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "No such option {name!r}.",
    "No such option: {name}",
    "No such command {name!r}.",
    "Missing command.",
    "Option {name!r} requires an argument.",
    "Option {name!r} does not take a value.",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    "Directory",
    "File",
)
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Texts:
    """What was found for one catalog: texts in order, each with the files it stands in, and what cannot be followed."""

    found: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, text: str, where: str) -> None:
        """Note a text; one without words or signs outside its fields needs no translation."""
        if any(
            char.isalpha() or char in ":.," for char in _without_fields(text)
        ) and where not in self.found.setdefault(text, []):
            self.found[text].append(where)


def _without_fields(text: str) -> str:
    kept, depth = "", 0
    for char in text:
        depth += (char == "{") - (char == "}")
        kept += "" if depth else char
    return kept


class _Module:
    """One source file, and what the names in it can stand for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        self.assigned: dict[str, list[ast.expr]] = {}
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.imported: dict[str, str] = {}
        for node in ast.walk(self.tree):
            self._note(node)

    def _note(self, node: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.functions[node.name] = node
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncio_katas."):
            self.imported |= {alias.asname or alias.name: node.module or "" for alias in node.names}
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
            self._bind(node.target, node.value)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for item in node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else ():
                self._bind(node.target, item)
            if isinstance(node.iter, ast.Name):
                self._bind(node.target, ast.Subscript(node.iter, ast.Constant(None)))

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name | ast.Attribute):
            self.assigned.setdefault(ast.unparse(target), []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for inner, item in zip(target.elts, value.elts, strict=True):
                self._bind(inner, item)
        elif isinstance(target, ast.Tuple):
            for at, inner in enumerate(target.elts):
                self._bind(inner, ast.Subscript(value, ast.Constant(at)))

    def texts(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Yield the texts an expression can be; raise LookupError where that cannot be told."""
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=None):
                pass
            case ast.IfExp(body=body, orelse=other):
                yield from self.texts(body, seen)
                yield from self.texts(other, seen)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.texts(value, seen)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from (a + b for a in self.texts(left, seen) for b in self.texts(right, seen))
            case ast.Name() | ast.Attribute():
                yield from self._texts_of_name(ast.unparse(node), seen)
            case ast.Subscript():
                for value in self._items(node, seen):
                    yield from self.texts(value, seen)
            case _:
                raise LookupError(ast.unparse(node))

    def _items(self, node: ast.Subscript, seen: frozenset[str]) -> Iterator[ast.expr]:
        key = node.slice.value if isinstance(node.slice, ast.Constant) else None
        holders: list[ast.expr] = [node.value]
        if isinstance(node.value, ast.Subscript):
            holders = list(self._items(node.value, seen))
        elif isinstance(node.value, ast.Name) and node.value.id in self.assigned and node.value.id not in seen:
            holders = self.assigned[node.value.id]
        elif isinstance(node.value, ast.Name) and node.value.id in self.imported:
            holders = self._source_of(node.value.id).assigned[node.value.id]
        for holder in holders:
            if isinstance(holder, ast.Dict):
                yield from holder.values
            elif isinstance(holder, ast.ListComp):
                yield holder.elt
            elif isinstance(holder, ast.Tuple | ast.List):
                yield from [holder.elts[key]] if isinstance(key, int) else holder.elts
            else:
                raise LookupError(ast.unparse(holder))  # noqa: TRY004 - it is what cannot be looked up

    def _texts_of_name(self, name: str, seen: frozenset[str]) -> Iterator[str]:
        if name in seen:
            return
        given = self._given(name)
        if name in self.imported:
            yield from self._source_of(name).texts(ast.Name(name), seen)
        elif name not in self.assigned and not given:
            raise LookupError(name)
        for value in [*self.assigned.get(name, []), *given]:
            yield from self.texts(value, seen | {name})

    def _source_of(self, name: str) -> _Module:
        return _module(PACKAGE.parent / (self.imported[name].replace(".", "/") + ".py"))

    def _given(self, name: str) -> list[ast.expr]:
        """Return what calls in this file give to a parameter of that name."""
        found: list[ast.expr] = []
        for function in self.functions.values():
            arguments = function.args
            positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
            if name not in positional + [argument.arg for argument in arguments.kwonlyargs]:
                continue
            for call in self.calls:
                if _callee(call).rpartition(".")[2] != function.name:
                    continue
                bound = positional[1:] if positional[:1] == ["self"] else positional
                found += [value for at, value in zip(bound, call.args, strict=False) if at == name]
                found += [keyword.value for keyword in call.keywords if keyword.arg == name]
            defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
            keyword_only = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            defaults |= {argument.arg: value for argument, value in keyword_only if value}
            found += [defaults[name]] if name in defaults else []
        return found


@cache
def _module(path: Path) -> _Module:
    return _Module(path)


def _callee(call: ast.Call) -> str:
    name = ast.unparse(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else ""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Constant):
        name = ""  # ", ".join(...)
    return "Message.of" if name.endswith("Message.of") else name


def find_in_source(path: Path, texts: Texts) -> None:
    """Add the texts of a source file, with the docstrings of click's commands, which are their help."""
    module, where = _module(path), str(path.relative_to(ROOT).as_posix())
    for function in module.functions.values():
        if any(re.search(r"\b(command|group)\(", ast.unparse(mark)) for mark in function.decorator_list):
            texts.add(inspect.cleandoc(ast.get_docstring(function) or ""), where)
    taker = str(path.relative_to(PACKAGE).as_posix()) in TAKERS if path.is_relative_to(PACKAGE) else False
    for call in sorted(module.calls, key=lambda call: (call.lineno, call.col_offset)):
        name = _callee(call)
        if name.endswith("join") and path.is_relative_to(PACKAGE):
            continue  # Only of a ThreadCall, in a check, a template is what joins.
        places = () if name in OTHERS else TEMPLATES.get(name) or TEMPLATES.get(name.rpartition(".")[2], ())
        given = [call.args[place] for place in places if place < len(call.args)]
        given += [keyword.value for keyword in call.keywords if keyword.arg in KEYWORDS]
        for node in given:
            try:
                for text in module.texts(node):
                    texts.add(text, where)
            except LookupError as error:
                if not taker:
                    texts.problems.append(f"{where}:{node.lineno}: cannot tell the text of {error}")


def grader_texts() -> Texts:
    """Return what the grader itself says, to whoever runs it through nox or directly."""
    texts = Texts()
    for path in sorted(PACKAGE.rglob("*.py")):
        if NOT_FOR_LEARNERS.isdisjoint(path.relative_to(PACKAGE).parts):
            find_in_source(path, texts)
    find_in_source(ROOT / "noxfile.py", texts)
    for text in CLICK:
        texts.add(text, "click")
    return texts


def kata_texts(folder: Path) -> Texts:
    """Return what a learner reads of one kata: titles, hints, checks and what they say."""
    texts = Texts()
    meta = folder / "kata.toml"
    data, where = tomllib.loads(meta.read_text(encoding="utf-8")), meta.relative_to(ROOT).as_posix()
    texts.add(data["title"], where)
    for task in data["tasks"]:
        for text in (task["title"], *task["hints"]):
            texts.add(text, where)
    path = folder / f"test_{folder.name[3:]}.py"
    for node in _module(path).tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            texts.add((ast.get_docstring(node) or "").partition("\n")[0], path.relative_to(ROOT).as_posix())
    find_in_source(path, texts)
    return texts


def all_texts() -> dict[str, Texts]:
    """Return the texts of every catalog, by its name."""
    folders = sorted((ROOT / "katas").glob("[0-9][0-9]_*"))
    return {GRADER: grader_texts()} | {folder.name[3:]: kata_texts(folder) for folder in folders}


def po_path(locale: str, name: str) -> Path:
    """Return where a catalog's text form lies; the compiled one lies beside it."""
    return CATALOGS / locale / "LC_MESSAGES" / f"{name}.po"


def read(path: Path) -> Catalog:
    """Read a catalog's text form."""
    with path.open("rb") as stream:
        return read_po(stream)


def compiled(catalog: Catalog) -> bytes:
    """Return the compiled form of a catalog."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def updated(locale: str, name: str, texts: Texts) -> Catalog:
    """Return a catalog with exactly these texts; a text that changed keeps its old translation, marked as fuzzy."""
    template = Catalog(project="asyncio-katas", creation_date=_EPOCH)
    for text, files in texts.found.items():
        template.add(text, locations=[(file, 1) for file in files])
    path = po_path(locale, name)
    catalog = read(path) if path.exists() else Catalog(locale=locale)
    catalog.update(template)
    catalog.obsolete.clear()
    catalog.header_comment = f"# Simplified Chinese: {name}"
    catalog.project, catalog.version, catalog.fuzzy = "asyncio-katas", "1", False
    catalog.last_translator, catalog.language_team = "The asyncio-katas authors", locale
    catalog.msgid_bugs_address = ""
    catalog.creation_date = catalog.revision_date = _EPOCH
    return catalog


def as_po(catalog: Catalog) -> bytes:
    """Return the text form of a catalog."""
    stream = io.BytesIO()
    write_po(stream, catalog, width=100, include_lineno=False)
    return stream.getvalue()


def main() -> int:
    """Update and compile every catalog; say what still has to be translated."""
    missing = 0
    for name, texts in all_texts().items():
        for problem in texts.problems:
            print(problem)
        missing += len(texts.problems)
        for locale in LOCALES:
            catalog, path = updated(locale, name, texts), po_path(locale, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(as_po(catalog))
            path.with_suffix(".mo").write_bytes(compiled(catalog))
            todo = [message for message in catalog if message.id and (not message.string or message.fuzzy)]
            missing += len(todo)
            if todo:
                print(f"{path.relative_to(ROOT)}: {len(todo)} of {len(texts.found)} texts to be translated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
