"""Reads the environment of the process that started it.

Stopped by: tripwire, Landlock: nothing outside can be read
Outcome: tampered
"""

import os

print(open(f"/proc/{os.getppid()}/environ", "rb").read())


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
