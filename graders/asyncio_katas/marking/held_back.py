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
    leave `NN_slug/` away. A variant that is not the course's own is judged by what these have for the tasks that it
    shares, and by the files of the same names in `NN_slug/variant/`.
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
        HeldBack(held, seeded(source, derived(seed, kata)))
        for kata in katas
        for held, source in _found(kata, folder, f"test_{kata.slug}_held_back.py", "test_")
    ]


def examinations(katas: Sequence[Kata], folder: Path, seed: bytes) -> list[HeldBack]:
    """Return the examinations alone."""
    return [
        HeldBack(held, source, derived(seed, kata))
        for kata in katas
        for held, source in _found(kata, folder, f"exam_{kata.slug}.py", "exam_")
    ]


def _found(kata: Kata, folder: Path, name: str, prefix: str) -> Iterator[tuple[Kata, bytes]]:
    """Give the kata with the checks of each file of that name, and what the file holds for the kata's variant."""
    is_own = kata.variant == variants.OWN
    for place in (folder / kata.name, folder):
        yield from _read(kata, place / name, prefix, whole=is_own)
        if not is_own:
            yield from _read(kata, place / variants.CORPUS / name, prefix, whole=True)


def _read(kata: Kata, path: Path, prefix: str, *, whole: bool) -> Iterator[tuple[Kata, bytes]]:
    """Give what a file holds, if there is one: the `whole` of it, or what every variant shares."""
    if not path.is_file():
        return
    found, source = catalog.checks_of(path, len(kata.tasks), prefix), path.read_bytes()
    if not whole:
        found, source = tuple(check for check in found if check.task != variants.TASK), variants.shared(source)
    if found:
        yield replace(kata, checks=found), source


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
