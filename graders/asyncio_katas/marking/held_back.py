"""Held-back checks and examinations, made ready for a run: only whoever holds the seed can foretell their inputs."""

from __future__ import annotations

import ast
import hashlib
import hmac
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asyncio_katas import catalog, variants
from asyncio_katas.invocation import command
from asyncio_katas.marking.secret import kept, long_enough
from asyncio_katas.records import Kata, KatasError

VARIABLE = "ASYNCIO_KATAS_SEED"
_NAME = "SEED"
_OPTION = "--seed-file"


@dataclass(frozen=True)
class HeldBack:
    """The held-back checks of one kata, as they are run: `kata` lists them, `source` is the file with its seed.

    With a `seed` of its own it is an examination: the examiner runs it, not pytest.
    """

    kata: Kata
    source: bytes
    seed: str = ""


def secret(seed_file: Path | None) -> bytes:
    """Return the seed, from its file or the environment; a file that does not exist is made, with a random seed.

    The environment forgets it: what is started from here on is not to find it there.
    """
    told = os.environ.pop(VARIABLE, "")
    if seed_file is None and not told:
        raise KatasError(
            "Held-back checks need a secret seed, and none was given.",
            "Next: add --seed-file seed.txt, which is made if it does not exist: {command}",
            command=command("grade", "submissions/", "--held-back", "--seed-file", "seed.txt"),
        )
    return long_enough(told.encode(), _OPTION) if seed_file is None else kept(seed_file, _OPTION)


def load(katas: Sequence[Kata], folder: Path, seed: bytes) -> list[HeldBack]:
    """Return the held-back checks and examinations of those katas for which a folder has some.

    A kata's files are `NN_slug/test_slug_held_back.py` and `NN_slug/exam_slug.py`, where a teacher's own folder may
    leave `NN_slug/` away. Of a variant that is not the course's own they judge what it shares with the course's.
    Raises where there is none at all.
    """
    found = [*checks(katas, folder, seed), *examinations(katas, folder, seed)]
    if not found:
        raise KatasError(
            "{folder} has no held-back checks for {katas}.",
            "Next: add {example} to it, or leave --held-back away.",
            folder=folder,
            katas=", ".join(f"{kata.number:02}" for kata in katas),
            example=f"test_{katas[0].slug}_held_back.py",
        )
    return found


def checks(katas: Sequence[Kata], folder: Path, seed: bytes) -> list[HeldBack]:
    """Return the held-back checks alone; their seed is in their source."""
    return [
        HeldBack(held, seeded(_source(kata, path), derived(seed, kata)))
        for kata in katas
        for path in _files(kata, folder, f"test_{kata.slug}_held_back.py")
        for held in _with_checks_of(kata, path)
    ]


def examinations(katas: Sequence[Kata], folder: Path, seed: bytes) -> list[HeldBack]:
    """Return the examinations alone."""
    return [
        HeldBack(held, _source(kata, path), derived(seed, kata))
        for kata in katas
        for path in _files(kata, folder, f"exam_{kata.slug}.py")
        for held in _with_checks_of(kata, path, "exam_")
    ]


def _files(kata: Kata, folder: Path, name: str) -> Iterator[Path]:
    yield from (path for path in (folder / kata.name / name, folder / name) if path.is_file())


def _source(kata: Kata, path: Path) -> bytes:
    return path.read_bytes() if kata.variant == variants.OWN else variants.shared(path.read_bytes())


def _with_checks_of(kata: Kata, path: Path, prefix: str = "test_") -> Iterator[Kata]:
    """Give the kata with the checks of a file, unless none of them holds of its variant."""
    checks = catalog.checks_of(path, len(kata.tasks), prefix)
    if kata.variant != variants.OWN:
        checks = tuple(check for check in checks if check.task != variants.TASK)
    if checks:
        yield replace(kata, checks=checks)


def derived(seed: bytes, kata: Kata) -> str:
    """Return a kata's own seed, from which nobody can find the secret one."""
    return hmac.new(seed, kata.slug.encode(), hashlib.sha256).hexdigest()


def seeded(source: bytes, seed: str) -> bytes:
    """Return a check file in which `SEED = ...`, where it stands at the top level, has another value."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    for node in tree.body:
        if isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == [_NAME]:
            lines[node.lineno - 1 : node.end_lineno] = [f"{_NAME} = {seed!r}\n".encode()]
    return b"".join(lines)


def terms(held_back: Sequence[HeldBack]) -> str:
    """Return a name for these checks with this seed, which gives away neither."""
    known = hashlib.sha256()
    for held in sorted(held_back, key=lambda held: (held.kata.slug, held.source)):
        known.update(f"{held.kata.slug}\0{held.seed}\0".encode() + hashlib.sha256(held.source).digest())
    return known.hexdigest()[:32] if held_back else ""
