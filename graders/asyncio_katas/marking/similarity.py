"""Answers that are alike beyond the starter code: a pointer for somebody who reads both, never a verdict.

The comparison itself is copydetect's: fingerprints of tokens, so that other names and another layout change nothing.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
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
class _Answer:
    name: str
    published: bool
    fingerprint: Any
    hashes: frozenset[int]


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
    known = [
        _Answer(name, texts is published, fingerprint, frozenset(map(int, fingerprint.hashes)))
        for texts in (answers, published)
        for name, content in texts.items()
        for fingerprint in [_fingerprint(library, content, passages)]
    ]
    known = [answer for answer in known if len(answer.hashes) >= _FEWEST]
    for one, other in combinations(known, 2):
        fewest = min(len(one.hashes), len(other.hashes))
        if one.published or len(one.hashes & other.hashes) < _FIRST_LOOK * fewest:
            continue
        _, shares, _ = library.compare_files(one.fingerprint, other.fingerprint)
        if min(shares) >= _ALIKE:
            yield Similar(forms[0].slug, one.name, other.name, float(shares[0]), float(shares[1]))


def _fingerprint(library: Any, content: bytes, starter: Sequence[int]) -> Any:
    text = io.StringIO(content.decode("utf-8", "replace"))
    return library.CodeFingerprint("answer.py", _PASSAGE, _WINDOW, starter, language="python", fp=text)


def _published(kata: Kata, course: Path) -> dict[str, bytes]:
    paths = [*learning.answers(kata, course), *variants.answers(kata, course)]
    return {path.relative_to(course).as_posix(): path.read_bytes() for path in paths}


def _library() -> Any:
    try:
        return importlib.import_module("copydetect")
    except ImportError:
        return None
