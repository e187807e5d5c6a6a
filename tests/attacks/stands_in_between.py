"""Puts a pipe in the journal's place, to change what the recorder writes.

Stopped by: seals: what is changed fits no seal, and what is held back is not passed
Outcome: error
"""

import os

reader, writer = os.pipe()
for file in range(3, 64):
    if file not in (reader, writer):
        try:
            os.fstat(file)
        except OSError:
            continue
        os.dup2(writer, file)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
