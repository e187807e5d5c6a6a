"""Fills the disk with many files.

Stopped by: limits: a file has an end; warden: so has the scratch folder
Outcome: error
"""

import itertools
from pathlib import Path


async def greet(name):
    for number in itertools.count():
        Path(f"file-{number}").write_bytes(b"x" * 10_000_000)


wait = greet


async def wait(seconds):
    return "wrong"
