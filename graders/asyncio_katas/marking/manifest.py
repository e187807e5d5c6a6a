"""The manifest of a take-home: what was handed out to whom and when.

It is sealed with a key that stays with whoever hands it out.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from asyncio_katas.catalog import digest_of
from asyncio_katas.lab.messages import Message
from asyncio_katas.marks import HandedOut

NAME = "manifest.json"
_FORMAT = "asyncio-katas/take-home/v1"
_SEAL = "hmac_sha256"
# So many files are named in a message.
_MOST_NAMED = 5


@dataclass(frozen=True)
class Manifest:
    """What a take-home says of itself; `files` gives the digest of each file in it, by its path."""

    handed_out: HandedOut
    version: str
    files: Mapping[str, str]

    def changed(self, found: Iterable[tuple[str, bytes | None]]) -> list[str]:
        """Return which of these files, given with their paths, are check files and not those that were handed out."""
        known = {PurePosixPath(path).name: expected for path, expected in self.files.items()}
        checks = [(path, content, known.get(PurePosixPath(path).name)) for path, content in found]
        return sorted(path for path, content, own in checks if own and (content is None or digest_of(content) != own))


def sealed(manifest: Manifest, key: bytes) -> bytes:
    """Return a manifest as a file, with an HMAC over everything in it."""
    out = manifest.handed_out
    data: dict[str, Any] = {
        "format": _FORMAT,
        "version": manifest.version,
        "course": out.course,
        "candidate": out.candidate,
        "handed_out": out.at.isoformat(),
        "minutes": out.minutes,
        "variants": dict(out.variants),
        "files": dict(manifest.files),
    }
    return f"{json.dumps(data | {_SEAL: _seal(data, key)}, indent=2)}\n".encode()


def opened(content: bytes, key: bytes) -> Manifest | None:
    """Return what a manifest says, or None if it was not sealed like this with the key."""
    data = _data(content)
    if data is None:
        return None
    seal = data.pop(_SEAL, None)
    if not isinstance(seal, str) or not hmac.compare_digest(seal.encode(errors="replace"), _seal(data, key).encode()):
        return None
    # Whoever has the key has written it, so that everything is as `sealed` writes it.
    at = datetime.fromisoformat(data["handed_out"])
    out = HandedOut(data["candidate"], at, data["minutes"], data["course"], data["variants"])
    return Manifest(out, data["version"], data["files"])


def is_one(content: bytes) -> bool:
    """Tell whether a file claims to be the manifest of a take-home; others use the same name."""
    data = _data(content)
    return data is not None and str(data.get("format", "")).startswith("asyncio-katas/")


def _data(content: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _seal(data: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, f"manifest\0{text}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Examined:
    """What came of looking for a manifest: the authentic one, if there is one, and what is to be told of it."""

    manifest: Manifest | None
    notes: tuple[Message, ...] = ()


_PROBLEMS = {
    "missing": "It holds no manifest.json of a take-home, so nobody knows which variant was handed out, and when.",
    "keyless": "Its manifest.json is one of a take-home; without --key-file nobody knows whether it is authentic.",
    "several": "It holds several authentic manifests of take-homes, for {names}; none of them was believed.",
    "forged": "Its manifest.json is not authentic: {path} was changed, or sealed with another key.",
}


def examine(found: Iterable[tuple[str, bytes]], key: bytes | None) -> Examined:
    """Look for the authentic manifest among the files of that name, each given with its path.

    Without a key none can be told from a forgery. A wrong one beside the authentic one is named too.
    """
    files = list(found)
    if key is None:
        return Examined(None, (_note("keyless"),) if any(is_one(content) for _, content in files) else ())
    known = [(path, content, opened(content, key)) for path, content in files]
    authentic = [manifest for _, _, manifest in known if manifest]
    wrong = [path for path, content, manifest in known if not manifest and (not authentic or is_one(content))]
    notes = [_note("forged", path=path) for path in wrong[:_MOST_NAMED]]
    if not files:
        notes.append(_note("missing"))
    if any(manifest != authentic[0] for manifest in authentic):
        names = sorted({manifest.handed_out.candidate for manifest in authentic})
        return Examined(None, (*notes, _note("several", names=", ".join(names))))
    return Examined(authentic[0] if authentic else None, tuple(notes))


def _note(problem: str, **values: object) -> Message:
    return Message.of(_PROBLEMS[problem], values)
