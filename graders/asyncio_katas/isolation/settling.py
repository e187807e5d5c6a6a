"""Settling in: what every child of a grading does before it meets anybody's code."""

from __future__ import annotations

import os
from pathlib import Path

from asyncio_katas.isolation import process, warden
from asyncio_katas.lab import kernel


def settle(root: str, pipes: set[int], *, portable: bool) -> Path:
    """Leave this process these pipes and a scratch folder below `root`, below a warden where there are any.

    Returns the scratch folder, which is the working directory from now on. A warden closes the pipes on its side.
    """
    scratch = Path(root, f"s-{os.urandom(4).hex()}")
    scratch.mkdir(mode=0o700)
    if not portable and warden.available():
        kernel.ask_through(warden.step_below(scratch, pipes))
    process.forget(scratch, pipes)
    os.chdir(scratch)
    return scratch
