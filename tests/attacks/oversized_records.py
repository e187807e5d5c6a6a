"""Floods every open descriptor with a record of a million bytes.

Stopped by: seals, and the parent's limits on lines and bytes
Outcome: tampered
"""

import os

for file in range(3, 64):
    try:
        os.write(file, b"\n{" + b"x" * 60_000 + b"\n")
    except OSError:
        pass


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
