"""The same with names that are put together.

Stopped by: tripwire: frames are out of bounds
Outcome: tampered
"""

import sys


async def greet(name):
    frame = getattr(sys, "_get" + "frame")(1)
    return getattr(frame, "f_" + "locals")


wait = greet


async def wait(seconds):
    return "wrong"
