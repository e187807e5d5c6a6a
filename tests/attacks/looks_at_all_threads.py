"""Takes the frames of all threads at once.

Stopped by: tripwire: frames are out of bounds
Outcome: tampered
"""

import sys


async def greet(name):
    return getattr(sys, "_current_" + "frames")()


wait = greet


async def wait(seconds):
    return "wrong"
