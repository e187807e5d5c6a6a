"""How the reader of a message calls this program: `katas hint 06`, or `nox -s hint -- 06` for who came through nox."""

from __future__ import annotations

import os

_CHECK = "katas check"


def checking() -> str:
    """Return what checks everything and takes the names of katas behind it."""
    return os.environ.get("ASYNCIO_KATAS_COMMAND") or _CHECK


def command(verb: str, *words: str, like: str | None = None) -> str:
    """Return how to run a command, said in the manner of `like`, which is how to check; without it, of the caller's."""
    called = (like or checking()).replace(" check", f" {verb}")
    return " ".join([called, *words]) if words else called.removesuffix(" --")
