"""Variants of a kata for take-homes: "a" is the course's own, "b" asks for something else in the last task.

What differs lies in `takehome/NN_slug/`: the whole stub, the checks of the last task, and its entry in `kata.toml`.
Everything before that is the course's own, so a variant never falls behind it.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from asyncio_katas import catalog, learning
from asyncio_katas.invocation import restoring
from asyncio_katas.records import Kata, KatasError

OWN, OTHER = "a", "b"
# The folder, beside the answers to the course's own kata, with all that is secret of the other variant.
CORPUS = "variant"
# The task that a variant has of its own.
TASK = 3
_MARK = f"@pytest.mark.task({TASK})\n"
_ENTRY = "[[tasks]]\n"
_SEAL = re.compile(r"^checks_sha256 = .*$", re.MULTILINE)


def offered(kata: Kata, course: Path) -> tuple[str, ...]:
    """Return the variants there are of a kata."""
    return (OWN, OTHER) if _folder(kata, course).is_dir() else (OWN,)


def chosen(kata: Kata, course: Path, seed: bytes, candidate: str) -> str:
    """Return a candidate's variant of a kata: always the same one, which nobody can foretell without the seed."""
    known = offered(kata, course)
    drawn = hmac.new(seed, json.dumps(["variant", candidate, kata.slug]).encode(), hashlib.sha256).digest()
    return known[int.from_bytes(drawn) % len(known)]


def composed(kata: Kata, course: Path, variant: str) -> dict[str, bytes]:
    """Return the files of a kata in a variant, by name: its stub, its checks and its `kata.toml`."""
    meta, checks = _text(kata.folder / "kata.toml"), _text(kata.check_file)
    stub = learning.stub_path(kata, course)
    if variant != OWN:
        own = _folder(kata, course)
        before = _before(kata.check_file, checks, _MARK, 1).rstrip("\n")
        checks = f"{before}\n\n\n{_text(own / 'checks.py')}"
        meta = _before(kata.folder / "kata.toml", meta, _ENTRY, TASK) + _ENTRY + _text(own / "task.toml")
        digest = catalog.digest_of(checks.encode())
        meta = _SEAL.sub(f'checks_sha256 = "{digest}"', meta, count=1)
        stub = own / f"{kata.slug}.py"
    texts = {"kata.toml": meta, kata.check_file.name: checks, f"{kata.slug}.py": _text(stub)}
    return {name: text.encode() for name, text in texts.items()}


def lay_out(kata: Kata, course: Path, variant: str, root: Path) -> Kata:
    """Write a kata in a variant into a folder of its own below `root`, and return it as it lies there."""
    folder = root / kata.name
    folder.mkdir(parents=True)
    for name, content in composed(kata, course, variant).items():
        (folder / name).write_bytes(content)
    return replace(catalog.load(folder), variant=variant)


@contextmanager
def others(katas: Sequence[Kata], course: Path) -> Iterator[list[Kata]]:
    """Give the variants of these katas that are not the course's own, laid out for as long as the block lasts."""
    with TemporaryDirectory(prefix="katas-variants-") as root:
        places = [(kata, variant) for kata in katas for variant in offered(kata, course) if variant != OWN]
        yield [lay_out(kata, course, variant, Path(root, variant)) for kata, variant in places]


def corpus(kata: Kata, course: Path) -> Path:
    """Return where the answers to a variant lie that is not the course's own."""
    return course / "solutions" / kata.name / CORPUS


def answers(kata: Kata, course: Path) -> list[Path]:
    """Return the right answers to a variant that is not the course's own: the reference first, then the others."""
    return learning.answers_in(corpus(kata, course), kata)


def shared(source: bytes) -> bytes:
    """Return a file of checks without those of the last task: what holds of every variant."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            _is_last(mark) for mark in node.decorator_list
        ):
            first = min(mark.lineno for mark in node.decorator_list)
            del lines[first - 1 : node.end_lineno]
    return b"".join(lines)


def _is_last(mark: ast.expr) -> bool:
    return (
        isinstance(mark, ast.Call)
        and isinstance(mark.func, ast.Attribute)
        and mark.func.attr == "task"
        and [argument.value for argument in mark.args if isinstance(argument, ast.Constant)] == [TASK]
    )


def _folder(kata: Kata, course: Path) -> Path:
    return course / "takehome" / kata.name


def _before(path: Path, text: str, line: str, number: int) -> str:
    """Return what stands before the given occurrence of a line."""
    parts = re.split(f"^{re.escape(line)}", text, flags=re.MULTILINE)
    if len(parts) <= number:
        raise KatasError(
            "{path} has no task {task} that a variant could stand for.",
            "Next: {command}",
            path=path,
            task=TASK,
            command=restoring(path),
        )
    return line.join(parts[:number])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise KatasError(
            "{path} cannot be read: {why}.",
            "Next: {command}",
            path=path,
            why=error.strerror,
            command=restoring(path),
        ) from None
