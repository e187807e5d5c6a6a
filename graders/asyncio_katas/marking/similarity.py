"""Answers that are alike beyond the starter code: a pointer for somebody who reads both, never a verdict.

The comparison itself is copydetect's: fingerprints of tokens, so that other names and another layout change nothing.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

from asyncio_katas import learning, variants
from asyncio_katas.marking.gradebook import Gradebook
from asyncio_katas.marks import Similar
from asyncio_katas.records import Kata

# From here on a pair is named: so much of the shorter answer is in the other one.
_ALIKE = 0.8
# A first look at the fingerprints alone, which is fast, leaves out what cannot come near that.
_FIRST_LOOK = 0.5
# Characters, names left out: shorter passages in common mean nothing, and the two together are always found.
_PASSAGE, _WINDOW = 25, 10
# Answers with fewer fingerprints of their own are too short to say anything.
_FEWEST = 12


@dataclass(frozen=True)
class _Text:
    """What one or several answers say to the letter; `names` are their places in the order in which they are named."""

    fingerprint: Any
    names: list[int]


def available() -> bool:
    """Tell whether the library that compares is installed."""
    return _library() is not None


def find(book: Gradebook, katas: Sequence[Kata], others: Sequence[Kata], course: Path) -> list[Similar]:
    """Return the pairs that are alike, those with most in common first; `others` are the variants of these katas.

    Each submission is compared with every other, and with the published answers of the course, named by their file.
    """
    found = [
        pair
        for kata in katas
        for forms in [[kata, *(one for one in others if one.slug == kata.slug)]]
        for pair in _in_kata(forms, book.answers(kata.slug), _published(kata, course))
    ]
    return sorted(found, key=lambda pair: (-min(pair.own_share, pair.other_share), pair.slug, pair.name, pair.other))


def _in_kata(forms: Sequence[Kata], answers: Mapping[str, bytes], published: Mapping[str, bytes]) -> Iterator[Similar]:
    library = _library()
    if library is None:
        return
    stubs = [(kata.folder / f"{kata.slug}.py").read_bytes() for kata in forms]
    # Each once: the library miscounts what it is told twice.
    passages = [*{passage for stub in stubs for passage in _fingerprint(library, stub, []).hashes}]
    names = [*answers, *published]
    texts: dict[bytes, _Text] = {}
    for number, content in enumerate([*answers.values(), *published.values()]):
        if content not in texts:
            texts[content] = _Text(_fingerprint(library, content, passages), [])
        texts[content].names.append(number)
    for one, other, shares in _alike(library, [*texts.values()]):
        # Published answers have no need to be told of each other.
        if one < len(answers):
            yield Similar(forms[0].slug, names[one], names[other], *shares)


def _alike(library: Any, texts: Sequence[_Text]) -> Iterator[tuple[int, int, tuple[float, float]]]:
    """Yield each two names whose texts are alike, in order, and which share of each the other one has."""
    known = [text for text in texts if len(text.fingerprint.hashes) >= _FEWEST]
    for text in known:
        for one, other in combinations(text.names, 2):
            yield one, other, (1.0, 1.0)
    for first, second in combinations(known, 2):
        own, others = first.fingerprint, second.fingerprint
        if len(own.hashes & others.hashes) < _FIRST_LOOK * min(len(own.hashes), len(others.hashes)):
            continue
        _, shares, _ = library.compare_files(own, others)
        if min(shares) < _ALIKE:
            continue
        left, right = map(float, shares)
        for one, other in product(first.names, second.names):
            yield (one, other, (left, right)) if one < other else (other, one, (right, left))


def _fingerprint(library: Any, content: bytes, starter: Sequence[int]) -> Any:
    text = io.StringIO(content.decode("utf-8", "replace"))
    found = library.CodeFingerprint("answer.py", _PASSAGE, _WINDOW, starter, language="python", fp=text)
    # Of a class there are thousands, and Python's own numbers are smaller, and faster to compare.
    found.hashes = frozenset(map(int, found.hashes))
    return found


def _published(kata: Kata, course: Path) -> dict[str, bytes]:
    paths = [*learning.answers(kata, course), *variants.answers(kata, course)]
    return {path.relative_to(course).as_posix(): path.read_bytes() for path in paths}


def _library() -> Any:
    try:
        return importlib.import_module("copydetect")
    except ImportError:
        return None
