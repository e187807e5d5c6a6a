"""Writes the end record into every open descriptor, and leaves.

Stopped by: seals: a record that the recorder did not seal is tampering
Outcome: tampered
"""

import os

for file in range(3, 64):
    try:
        os.write(file, b'\n{"event": "end", "status": 0}\n')
    except OSError:
        pass
os._exit(0)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
