"""Settling in: what every child of a grading does before it meets anybody's code."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from asyncio_katas.isolation import process, warden


def settle(root: str, pipes: set[int], *, portable: bool) -> Path:
    """Leave this process these pipes and a scratch folder below `root`, below a warden where there are any.

    Returns the scratch folder, which is the working directory from now on. A warden closes the pipes on its side.
    """
    scratch = Path(tempfile.mkdtemp(prefix="s-", dir=root))
    if not portable and warden.available():
        warden.step_below(scratch, pipes)
    process.forget(scratch, pipes)
    os.chdir(scratch)
    return scratch
