"""Imports what reads and writes any memory.

Stopped by: vetting: an answer has no use for ctypes
Outcome: tampered
"""

import ctypes

ctypes.memset(id(greet), 0, 16)


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
