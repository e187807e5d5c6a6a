"""Fills the disk with one file.

Stopped by: limits: a file has an end
Outcome: error
"""

from pathlib import Path


async def greet(name):
    with Path("file").open("wb") as file:
        while True:
            file.write(b"x" * 10_000_000)


wait = greet


async def wait(seconds):
    return "wrong"
