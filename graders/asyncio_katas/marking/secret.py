"""Secrets of those who grade: kept in a file of their own, made where there is none."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from asyncio_katas.records import KatasError

# What is shorter can be found by trying.
SHORTEST = 16


def kept(path: Path, option: str) -> bytes:
    """Return the secret in a file; where there is no such file it is made, for its owner alone, with a random one."""
    try:
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(secrets.token_hex(32) + "\n")
        return long_enough(path.read_bytes().strip(), option)
    except OSError as error:
        raise KatasError(
            "The file {path} for a secret cannot be used: {why}.",
            "Next: name another {option}.",
            path=path,
            why=error.strerror,
            option=option,
        ) from None


def long_enough(secret: bytes, option: str) -> bytes:
    """Return a secret, unless it can be guessed."""
    if len(secret) < SHORTEST:
        raise KatasError(
            "The secret has {length} characters; it needs at least {shortest}.",
            "Next: name a {option} that does not exist yet, and a good one is written there.",
            length=len(secret),
            shortest=SHORTEST,
            option=option,
        )
    return secret
