"""Seals on the records of a child: each under a key of its own, which is gone as soon as it was used."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from hashlib import blake2b

KEY_BYTES = 32
_SEAL_BYTES = 16


def new_key() -> str:
    """Return a fresh key, as text that can travel in a job."""
    return secrets.token_hex(KEY_BYTES)


def sealer(key: str) -> Callable[[bytes], bytes]:
    """Return a function that gives one text after the other its seal, in this order only."""
    # The keys live in a frame, where nobody gets at them by following attributes.
    seals = _seals(bytes.fromhex(key))
    next(seals)
    return seals.send


def _seals(key: bytes) -> Generator[bytes, bytes, None]:
    keyed = blake2b
    seal = b""
    while True:
        text = yield seal
        seal = keyed(text, key=key, digest_size=_SEAL_BYTES).hexdigest().encode()
        key = keyed(key, digest_size=KEY_BYTES).digest()
