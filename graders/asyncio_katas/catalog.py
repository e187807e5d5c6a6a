"""The course as it lies on disk: katas, their tasks and checks. Check files are read as text, never imported."""

from __future__ import annotations

import ast
import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asyncio_katas.invocation import command, restoring
from asyncio_katas.records import Check, Kata, KatasError, Task

_FOLDER = re.compile(r"(\d\d)_([a-z][a-z0-9_]*)")
# Real seconds; a check on the virtual clock takes milliseconds. One with real threads or processes says more.
_LIMIT_S = 10.0


def find_course(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that holds katas."""
    for folder in [start, *start.parents]:
        if any((folder / "katas").glob("[0-9][0-9]_*/kata.toml")):
            return folder
    raise KatasError(
        "There is no katas/ folder in {start} or above it.",
        "Next: cd into your folder of the course, or make one: {command}",
        start=start,
        command="katas init my-katas",
    )


def course_here() -> Path:
    """Return the course around the working directory, relative to it: its paths can be copied into a command."""
    return Path(os.path.relpath(find_course(Path.cwd())))


def discover(course: Path) -> list[Kata]:
    """Return every kata of the course, by number."""
    folders = sorted((course / "katas").glob("[0-9][0-9]_*"))
    return [load(folder) for folder in folders if folder.is_dir() and (folder / "kata.toml").exists()]


def load(folder: Path) -> Kata:
    """Read one kata's folder."""
    match = _FOLDER.fullmatch(folder.name)
    if match is None:
        raise KatasError(
            "{folder} is not named like a kata.", "Next: name it like 06_concurrency_limit.", folder=folder
        )
    meta = folder / "kata.toml"
    data = _read_toml(meta)
    tasks = tuple(_task(meta, number, entry) for number, entry in enumerate(_list(meta, data, "tasks"), start=1))
    slug = match[2]
    check_file = folder / f"test_{slug}.py"
    return Kata(
        number=int(match[1]),
        slug=slug,
        title=_text(meta, data, "title"),
        folder=folder,
        tasks=tasks,
        checks=checks_of(check_file, len(tasks)),
        prerequisites=tuple(str(name) for name in data.get("prerequisites", [])),
        sealed=str(data.get("checks_sha256", "")),
        digest=digest(check_file),
    )


def digest(path: Path) -> str:
    """Return a file's SHA-256, the same whatever line ends git checked it out with."""
    return digest_of(path.read_bytes())


def digest_of(content: bytes) -> str:
    """Return a content's SHA-256, the same whatever line ends an editor, or git, has given it."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def seal(kata: Kata) -> bool:
    """Write the check file's digest into kata.toml; tell whether it was another one before."""
    meta = kata.folder / "kata.toml"
    text = meta.read_text(encoding="utf-8")
    line = f'checks_sha256 = "{kata.digest}"'
    sealed, count = re.subn(r"^checks_sha256 = .*$", line, text, count=1, flags=re.MULTILINE)
    if not count:
        sealed = f"{line}\n{text}"
    meta.write_text(sealed, encoding="utf-8")
    return kata.changed


def select(katas: list[Kata], words: Iterable[str], verb: str = "check") -> list[Kata]:
    """Return the katas named by number, slug or a unique part of it; all of them when none is named.

    `verb` is the command to try again with a better name.
    """
    chosen = [one(katas, word, verb) for word in words]
    return [kata for kata in katas if kata in chosen] if chosen else katas


def listed(words: Iterable[str]) -> list[str]:
    """Return the words of an option that may be given several times, with commas between them."""
    return [word for several in words for word in several.split(",") if word]


def one(katas: list[Kata], word: str, verb: str) -> Kata:
    """Return the one kata that a word names."""
    wanted = word.strip().rstrip("/").lower().replace("-", "_").rpartition("/")[2]
    if wanted.isdigit():
        found = [kata for kata in katas if kata.number == int(wanted)]
    else:
        found = [kata for kata in katas if wanted in (kata.slug, kata.name)]
        found = found or [kata for kata in katas if wanted and wanted in kata.name]
    if len(found) == 1:
        return found[0]
    if found:
        raise KatasError(
            "'{word}' fits {count} katas: {several}.",
            "Next: {command}",
            word=word,
            count=len(found),
            several=", ".join(kata.name for kata in found),
            command=command(verb, f"{found[0].number:02}"),
        )
    names = [kata.slug for kata in katas]
    near = difflib.get_close_matches(wanted, names + [kata.name for kata in katas], n=1, cutoff=0.4)
    if near:
        raise KatasError(
            "There is no kata '{word}'. Did you mean '{near}'?",
            "Next: {command}",
            word=word,
            near=near[0],
            command=command(verb, near[0]),
        )
    raise KatasError(
        "There is no kata '{word}'.",
        "The katas here are {known}. Next: {command}",
        word=word,
        known=", ".join(f"{kata.number:02}" for kata in katas),
        command=command(verb, f"{katas[0].number:02}"),
    )


def _damaged(path: Path, fact: str, **values: object) -> KatasError:
    """Return the error of a file of the course that is not as it was made."""
    return KatasError(fact, "Next: {command}", command=restoring(path), path=path, **values)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, "{path} is not valid TOML: {error}.", error=error) from None


def checks_of(path: Path, tasks: int, prefix: str = "test_") -> tuple[Check, ...]:
    """Return the checks a file declares, in order: its functions whose names begin with `prefix`."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise _damaged(path, "The check file {path} is missing.") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        raise _damaged(path, "The check file {path} cannot be read: {error}.", error=error) from None
    functions = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(prefix)
    ]
    common = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == ["pytestmark"]
    ]
    checks = [_check(path, node, [*common, *node.decorator_list], tasks) for node in functions]
    if not checks:
        raise _damaged(path, "{path} holds no checks.")
    return tuple(checks)


def _check(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef, marked: list[ast.expr], tasks: int) -> Check:
    marks = {
        call.func.attr: call.args[0].value
        for call in marked
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    title = (ast.get_docstring(node) or "").partition("\n")[0]
    task = marks.get("task")
    if not title or not isinstance(task, int) or not 1 <= task <= tasks:
        raise _damaged(
            path,
            "{path}:{line}: {check} needs a docstring and @pytest.mark.task(1..{tasks}).",
            line=node.lineno,
            check=node.name,
            tasks=tasks,
        )
    limit = marks.get("timeout", _LIMIT_S)
    return Check(node.name, title, task, float(limit) if isinstance(limit, int | float) else _LIMIT_S)


def _task(path: Path, number: int, entry: Any) -> Task:
    points = entry.get("points") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(points, int) or points < 1:
        raise _damaged(path, "{path}: task {number} needs `points`, a whole number above 0.", number=number)
    hints = entry.get("hints", [])
    if not isinstance(hints, list) or not all(isinstance(hint, str) for hint in hints):
        raise _damaged(path, "{path}: task {number}: `hints` must be a list of texts.", number=number)
    return Task(number, _text(path, entry, "title"), points, tuple(hints))


def _text(path: Path, data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise _damaged(path, "{path}: `{key}` is missing or is no text.", key=key)
    return value


def _list(path: Path, data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list) or not value:
        raise _damaged(path, "{path}: `{key}` is missing or empty.", key=key)
    return value
