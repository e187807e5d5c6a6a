"""Finds ctypes among the loaded modules and writes to memory.

Stopped by: tripwire: everything that ctypes does is reported
Outcome: tampered
"""

import sys

loaded = getattr(sys, "mod" + "ules")
library = loaded["cty" + "pes"]
library.c_int.from_address(id(library))


async def greet(name):
    return "wrong"


async def wait(seconds):
    return "wrong"
